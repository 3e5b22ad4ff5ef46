import type { FailureRow } from './failure-matrix.ts';

const soon = 'again, for ten minutes; then given up';
const unknown = 'reads the state, then again, for ten minutes';
const briefly = 'again, for a minute and a half; then given up';
const over = 'given up at once, all is taken back';
const decides = 'what is read next decides: it is so already, or that is waited for';
const instead = 'a reset: off, then on, instead of it; all else is given up at once';

export interface RedfishFailureRow extends FailureRow {
  /** What was sent: `reading` is a GET, `action` what changes something. */
  readonly of: 'reading' | 'action' | 'either';
}

function row(of: RedfishFailureRow['of'], text: string, [kind, run]: readonly [string, string]): RedfishFailureRow {
  return { of, text, class: kind, run };
}

const unauthorized = ['UnauthorizedError', over] as const;
const unsupported = ['UnsupportedError', instead] as const;
const conflict = ['ConflictError', decides] as const;
const invalid = ['InvalidInputError', over] as const;
const unavailable = ['UnavailableError', soon] as const;
const outcomeUnknown = ['OutcomeUnknownError', unknown] as const;

/** What a controller answers, by DSP0266 and the standard's messages (Base registry): the status, and for 400 what its body says. */
export const redfishFailures: readonly RedfishFailureRow[] = [
  row('either', '401', unauthorized),
  row('either', '403', unauthorized),
  row('either', '404', ['NotFoundError', over]),
  row('either', '405', unsupported),
  row('either', '501', unsupported),
  row('action', '409', conflict),
  row('action', '412', conflict),
  row('action', '400 The server is already powered ON', conflict),
  row('action', '400 Base.1.8.ActionParameterValueConflict', conflict),
  row('action', '400 Base.1.8.ResourceInUse', conflict),
  row('action', '400 Base.1.8.NoOperation', conflict),
  row('action', '400 Base.1.8.ActionNotSupported', unsupported),
  row('action', '400 Base.1.8.ActionParameterNotSupported', unsupported),
  row('action', '400 Base.1.8.ActionParameterUnknown', unsupported),
  row('action', '400 Base.1.8.ActionParameterValueFormatError', unsupported),
  row('action', '400 Base.1.8.ActionParameterValueNotInList', unsupported),
  row('action', '400 Base.1.8.PropertyUnknown', unsupported),
  row('action', '400 Base.1.8.PropertyValueNotInList', unsupported),
  row('action', '400 Base.1.8.PropertyValueTypeError', unsupported),
  row('either', '400 Base.1.8.InsufficientPrivilege', unauthorized),
  row('either', '400 Base.1.8.NoValidSession', unauthorized),
  row('either', '400 Base.1.8.PropertyMissing', invalid),
  row('either', '400', invalid),
  row('either', '406', ['CommandFailedError', briefly]),
  row('either', '429', unavailable),
  row('either', '503', unavailable),
  row('reading', '500', unavailable),
  row('action', '500', outcomeUnknown),
  row('reading', '502', unavailable),
  row('action', '502', outcomeUnknown),
  row('reading', '504', unavailable),
  row('action', '504', outcomeUnknown),
];

/** What becomes of a request that no answer comes to. */
export const redfishSilences: readonly (RedfishFailureRow & { readonly text: 'no connection' | 'connection cut' })[] = [
  { of: 'either', text: 'no connection', class: 'UnavailableError', run: soon },
  { of: 'reading', text: 'connection cut', class: 'UnavailableError', run: soon },
  { of: 'action', text: 'connection cut', class: 'OutcomeUnknownError', run: unknown },
];
