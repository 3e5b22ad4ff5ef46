/** Something that an operator wants to hear of. */
export interface Notice {
  readonly event: 'held' | 'parked' | 'answered' | 'moved' | 'ended';
  readonly run: string;
  readonly node: string;
  /** One sentence. */
  readonly message: string;
  /** The hold that it is about, and its step; absent of a run that moved or ended. */
  readonly hold?: string;
  readonly step?: string;
}

/** Tells operators. A notice may come twice: what tells of it may be tried again. */
export interface Notifier {
  notify(notice: Notice): Promise<void>;
}
