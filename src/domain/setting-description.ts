/** One setting of a provisioning system, as a person reads it before writing a computer's settings. */
export interface SettingDescription {
  /** Where it stands: `diskDirectory`, `host.address`, `disks[].name`. */
  readonly name: string;
  /** `text`, `whole number`, `"a" | "b"`, `list of text` … */
  readonly type: string;
  /** Whether it must be given, once what it stands in is given. */
  readonly required: boolean;
  /** What holds where it is not given; absent where nothing does. */
  readonly default?: unknown;
  /** What it is for; empty where the name says it. */
  readonly purpose: string;
  /** The choice under which it counts: `host.kind is "ssh"`. */
  readonly only?: string;
}
