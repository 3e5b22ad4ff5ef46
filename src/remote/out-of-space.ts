/** What tools print (LC_ALL=C) when a file system, or a quota on it, is full. */
const outOfSpace = /No space left on device|Disk quota exceeded/;

/** Whether a command's messages say that there was no room for what it wrote. Trying again does not help: somebody has to make room. */
export function isOutOfSpace(messages: string): boolean {
  return outOfSpace.test(messages);
}

/**
 * Shell function `over FILE TEXT`: where a file system is full there is no room for a new file, but the old one has its block. Only for a line or two that
 * are never shorter than what they replace. Fails when there is no such file.
 */
export const OVER = `
over() {
  rm -f -- "$1.tmp"
  [ -s "$1" ] || return 1
  printf '%s\\n' "$2" | dd of="$1" conv=notrunc,fsync 2>/dev/null
}`;
