import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/domain/errors.ts';
import { accessAsInput, rootAccessTasks } from '../../../../src/os/linux/account-tasks.ts';
import { firstBootFiles } from '../../../../src/os/linux/first-boot.ts';
import { postLoadScript, postLoadTasks } from '../../../../src/os/linux/post-load-script.ts';
import { initramfsScript, preCaptureScript } from '../../../../src/os/linux/pre-capture.ts';
import { sealHook, sealScript, startSealScript } from '../../../../src/os/linux/seal-script.ts';

const scripts: readonly (readonly [string, string])[] = [
  ['preCapture', preCaptureScript],
  ['initramfs', initramfsScript],
  ['postLoad', postLoadScript],
  ['seal', sealScript],
  ['start of the seal', startSealScript],
  ['shutdown hook', sealHook.content],
  ...firstBootFiles()
    .filter(({ content }) => content.startsWith('#!'))
    .map(({ path, content }) => [path, content] as const),
];

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

  it('do every task of postLoad', () => {
    for (const task of postLoadTasks) expect(postLoadScript).toMatch(new RegExp(`^(task|required) ${task} `, 'm'));
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
