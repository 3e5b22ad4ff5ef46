/** The state in which a failed run leaves its node: `previous` until the first step begins that touches it for good. */
export interface LeftAs {
  state: 'previous' | 'maintenance';
}
