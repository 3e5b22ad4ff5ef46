/** Lines that belong to the host: its name, whether it forwards, how one logs in to its daemons, where they log. */
const ofTheHost = [
  /^(no )?(hostname|domainname) /,
  /^(no )?ip(v6)? forwarding$/,
  /^(no )?(enable )?password /,
  /^(no )?service (password-encryption|advanced-vty|terminal-length)/,
  /^(no )?log( |$)/,
];

/** Lines that FRR writes at the top: of its version, and of the profile of defaults that it was started with. */
const header = /^frr (version|defaults) /;

/** What `show running-config` and frr.conf say, without what is the host's, with single `!` between the blocks. */
export function frrImageOf(running: string): string {
  const lines = linesOf(running).filter((line) => !header.test(line) && !isHosts(line) && line !== 'end');
  const kept = lines.filter((line, index) => line !== '!' || (index > 0 && lines[index - 1] !== '!'));
  while (kept[0] === '!') kept.shift();
  while (kept.at(-1) === '!') kept.pop();
  return kept.length === 0 ? '' : `${kept.join('\n')}\n`;
}

/** The image between the host's own lines, as they run now. */
export function composeFrr(text: string, running: string): string {
  const lines = linesOf(running);
  const top = lines.filter((line) => header.test(line) || isHosts(line));
  return `${[...top, '!'].join('\n')}\n${text}!\nend\n`;
}

/** `traditional`, `datacenter`; empty when nothing says it. */
export function frrProfile(running: string): string {
  return /^frr defaults (\S+)/m.exec(running)?.[1] ?? '';
}

export function frrVersion(running: string): string {
  return /^frr version (\S+)/m.exec(running)?.[1] ?? '';
}

/** What `frr-reload.py --test` would still do, on one line; undefined when it would do nothing. */
export function remainingLines(output: string): string | undefined {
  if (!/^Lines To (Add|Delete)$/m.test(output)) return undefined;
  return linesOf(output)
    .filter((line) => !/^=+$/.test(line))
    .map(redactFrr)
    .join('; ');
}

const secrets = [
  /(\bpassword(?: \d)? )\S.*/g,
  /(\bauthentication-key )\S.*/g,
  /(\bmessage-digest-key \d+ md5 )\S.*/g,
  /(\bhash-algo \S+ key )\S.*/g,
  /(\bkey-string )\S.*/g,
  /(\bauthentication string )\S.*/g,
  /(\bip nhrp authentication )\S.*/g,
  /(\b(?:domain|area)-password (?:clear|md5) )\S.*/g,
];

/** Passwords and keys stay out of messages, records and histories. */
export function redactFrr(line: string): string {
  return secrets.reduce((text, secret) => text.replace(secret, '$1…'), line);
}

function isHosts(line: string): boolean {
  return ofTheHost.some((pattern) => pattern.test(line));
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
