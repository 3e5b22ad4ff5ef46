/** What every activity of a run is told about the step that it carries out, for the record of the run. */
export interface StepInput {
  /** The run: its workflow id. */
  readonly run: string;
  readonly node: string;
  readonly step: StepLine;
}

export interface StepLine {
  /** `5.2`, as on the procedure's page. */
  readonly number: string;
  readonly title: string;
  /** Present when this is the undo of the step. */
  readonly undo?: true;
  /** Present when giving up would leave something half done that nothing takes back: it is tried until it succeeds, as an undo is. */
  readonly untilDone?: true;
  /** Present when the run waits for an operator if the step makes no progress; otherwise a stall is only shown. */
  readonly stallHolds?: true;
}
