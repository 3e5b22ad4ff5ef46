/** What `nodestat` says of a node. `stage`: the installer's own sentence, or what nodeset has set, while nothing of the system answers. */
export interface NodeStage {
  readonly ping: boolean;
  /** Whether one of the known ports is that of sshd. */
  readonly sshd: boolean;
  readonly stage: string;
  readonly raw: string;
}

/**
 * Reads nodestat's text, whose exit status is always 0: `noping`, `noping(off)`, `ping`, `sshd`, `https,sshd`, `installing prep`, `ping install …`. A node that
 * answers pings and has no known port open shows what nodeset has set, so `boot` is no test of the node.
 */
export function parseNodeStage(text: string): NodeStage {
  const raw = text.trim();
  const ping = !/^(noping|nosuchhost|Please make sure|Unable to find)/.test(raw);
  const sshd = /(^|[,\s])sshd(,|$)/.test(raw);
  return { ping, sshd, stage: raw.replace(/^ping\s+(?=\S)/, ''), raw };
}
