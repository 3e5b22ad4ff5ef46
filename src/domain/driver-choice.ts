import { isFresh } from './check-in.ts';

/** A management node that can drive a computer's provisioning system and reaches the computer. */
export interface DriverCandidate {
  readonly managementNode: string;
  /** Absent when its worker has never checked in. */
  readonly secondsSinceCheckIn?: number;
}

/** What a run needs to find in the library of its management node: `web-v3`, and whose libraries have it. */
export interface DriverNeed {
  readonly what: string;
  /** A management node that is there and from whose library it can be brought; absent while there is none. */
  readonly from?: string;
  isHeldBy(managementNode: string): boolean;
}

export interface DriverChoice {
  readonly managementNode: string;
  /** A sentence; absent where there was no choice. */
  readonly because?: string;
}

/** One who is there, and whether its library has what is needed. */
interface Judged extends DriverCandidate {
  readonly here: boolean;
  readonly has: boolean;
}

/**
 * Which of the candidates, given in the order of preference, drives a run: the first that is there and has what is needed; where none has, the
 * first that is there, if it can be brought. Where only one that is away has it, that one: the run waits for it. Where nobody has it, the first that is there; where nobody is, the first.
 */
export function chooseDriver(candidates: readonly DriverCandidate[], need?: DriverNeed): DriverChoice {
  const judged = candidates.map((candidate) => judge(candidate, need));
  const chosen =
    judged.find(({ here, has }) => here && has) ??
    judged.find(({ here }) => here && need?.from !== undefined) ??
    judged.find(({ has }) => need !== undefined && has) ??
    judged.find(({ here }) => here) ??
    judged[0];
  if (chosen === undefined) throw new Error('a computer has a management node of its own');
  const { managementNode } = chosen;
  return judged.length === 1 ? { managementNode } : { managementNode, because: reasonOf(judged, chosen, need) };
}

/** The best of the others that are there and have what is needed, or can be brought it, once `from` stays away; undefined while there is none. */
export function chooseStandIn(
  candidates: readonly DriverCandidate[],
  from: string,
  need?: DriverNeed,
): string | undefined {
  const others = candidates
    .filter(({ managementNode }) => managementNode !== from)
    .map((candidate) => judge(candidate, need))
    .filter(({ here }) => here);
  return (others.find(({ has }) => has) ?? others.find(() => need?.from !== undefined))?.managementNode;
}

function judge(candidate: DriverCandidate, need: DriverNeed | undefined): Judged {
  const has = need === undefined || need.isHeldBy(candidate.managementNode);
  return { ...candidate, here: isFresh(candidate.secondsSinceCheckIn), has };
}

/** `mn-a is away for 90 s; mn-b is here, and its library has web-v3`. */
function reasonOf(judged: readonly Judged[], chosen: Judged, need: DriverNeed | undefined): string {
  const nobody = judged.every(({ here }) => !here);
  const passed = nobody ? judged.filter((one) => one !== chosen) : judged.slice(0, judged.indexOf(chosen));
  const sentences = [...passed.map((one) => againstOf(one, need)), stateOf(chosen, need)];
  return chosen.here ? sentences.join('; ') : `${sentences.join('; ')}: the run waits for it`;
}

function againstOf(one: Judged, need: DriverNeed | undefined): string {
  return one.here ? `the library of ${one.managementNode} has no ${need?.what ?? 'copy'}` : awayOf(one);
}

function stateOf(chosen: Judged, need: DriverNeed | undefined): string {
  const { managementNode, here, has } = chosen;
  const is = here ? `${managementNode} is here` : awayOf(chosen);
  if (need === undefined) return is;
  if (here && !has && need.from !== undefined)
    return `${is}, and ${need.what} is brought from the library of ${need.from}`;
  return `${is}, and its library has ${has ? '' : 'no '}${need.what}`;
}

function awayOf({ managementNode, secondsSinceCheckIn }: DriverCandidate): string {
  if (secondsSinceCheckIn === undefined) return `${managementNode} has never checked in`;
  return `${managementNode} is away for ${String(secondsSinceCheckIn)} s`;
}
