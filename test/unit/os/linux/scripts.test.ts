import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/domain/errors.ts';
import { accessAsInput, rootAccessTasks } from '../../../../src/os/linux/account-tasks.ts';
import { firstBootFiles } from '../../../../src/os/linux/first-boot.ts';
import { postLoadScript, statusScript } from '../../../../src/os/linux/post-load-script.ts';
import { initramfsScript, preCaptureScript } from '../../../../src/os/linux/pre-capture.ts';
import { siteFilesScript } from '../../../../src/os/linux/site-files.ts';
import { siteScriptRunner } from '../../../../src/os/linux/site-scripts.ts';
import { sealHook, sealScript, startSealScript } from '../../../../src/os/linux/seal-script.ts';

const scripts: readonly (readonly [string, string])[] = [
  ['preCapture', preCaptureScript],
  ['initramfs', initramfsScript],
  ['postLoad', postLoadScript],
  ['status', statusScript],
  ['files of the site', siteFilesScript],
  ['a script of the site', siteScriptRunner],
  ['seal', sealScript],
  ['start of the seal', startSealScript],
  ['shutdown hook', sealHook.content],
  ...firstBootFiles()
    .filter(({ content }) => content.startsWith('#!'))
    .map(({ path, content }) => [path, content] as const),
];

const functionsIn = (script: string): readonly string[] =>
  [...script.matchAll(/^(\w+)\(\) \{/gm)].map(([, name = '']) => name);
const known = [...new Set(scripts.flatMap(([, script]) => functionsIn(script)))];

/** Names of functions of any of the scripts that stand where a command does, or are given to `task`. */
function undefinedCalls(script: string): readonly string[] {
  const defined = functionsIn(script);
  const called = (name: string): boolean =>
    new RegExp(
      String.raw`(?:(?:^|[;&|{(!]|\bthen|\bdo|\belse) *|^(?:task|required) [a-z-]+ )${name}(?= |;|$|\))(?!\()`,
      'm',
    ).test(script);
  return known.filter((name) => !defined.includes(name) && called(name));
}

describe('the scripts for a guest', () => {
  it.each(scripts)('are POSIX sh: %s', (_name, script) => {
    expect(() => execaSync('sh', ['-n'], { input: script })).not.toThrow();
  });

  it('are checked by something that sees a mistake', () => {
    expect(() => execaSync('sh', ['-n'], { input: `${preCaptureScript}\nif then` })).toThrow();
  });

  it('fit into one argument of a command', () => {
    // Linux: MAX_ARG_STRLEN.
    for (const [, script] of scripts) expect(Buffer.byteLength(script)).toBeLessThan(131_072);
  });

  it.each(scripts)('define every function that they call: %s', (_name, script) => {
    expect(undefinedCalls(script)).toEqual([]);
  });

  it('are seen to call a function that they do not define', () => {
    expect(undefinedCalls(postLoadScript.replace('\nclean() {', '\nother() {'))).toEqual(['clean']);
  });

  it('read the standard access from standard input', () => {
    const script = `${rootAccessTasks}\nread_access\nprintf '<%s> <%s>' "$root_hash" "$root_keys"`;
    const input = accessAsInput({
      rootPasswordHash: '$6$salt$hash',
      authorizedKeys: ['ssh-ed25519 A one\n', 'ssh-rsa B'],
    });

    expect(execaSync('sh', ['-c', script], { input }).stdout).toBe('<$6$salt$hash> <ssh-ed25519 A one\nssh-rsa B>');
    expect(execaSync('sh', ['-c', script], { input: accessAsInput({ authorizedKeys: ['k'] }) }).stdout).toBe('<> <k>');
  });

  it.each([
    [{ authorizedKeys: [] }],
    [{ authorizedKeys: [' \n'] }],
    [{ authorizedKeys: ['ssh-ed25519 A\nssh-ed25519 B'] }],
    [{ rootPasswordHash: '$6$a\nroot:b', authorizedKeys: ['ssh-ed25519 A'] }],
    [{ rootPasswordHash: 'a:b', authorizedKeys: ['ssh-ed25519 A'] }],
  ])('refuse an access that would lock everybody out or is no single line: %j', (access) => {
    expect(() => accessAsInput(access)).toThrow(InvalidInputError);
  });
});
