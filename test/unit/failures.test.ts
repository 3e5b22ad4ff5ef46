import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeSSH } from 'node-ssh';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/domain/errors.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { disksAfter } from '../../src/provisioners/libvirt/off-proof.ts';
import { exchange, type HttpRequest } from '../../src/power/redfish/exchange.ts';
import { redfishError } from '../../src/power/redfish/redfish-error.ts';
import { powerValue } from '../../src/provisioners/libvirt/power.ts';
import { ipmitoolError } from '../../src/remote/ipmitool.ts';
import { openNode, type ServiceNode } from '../../src/provisioners/network-service/node.ts';
import { act, checkFile } from '../../src/provisioners/network-service/run-command.ts';
import { readRunning } from '../../src/provisioners/network-service/running.ts';
import { qemuImgError } from '../../src/remote/qemu-img.ts';
import type { CommandResult, Shell } from '../../src/remote/shell.ts';
import { executeOnChannel } from '../../src/remote/ssh-channel.ts';
import { loginError } from '../../src/remote/ssh-login.ts';
import { createVirsh, parseDomainState, virshError } from '../../src/remote/virsh.ts';
import { xcatFailure } from '../../src/remote/xcat/failure.ts';
import {
  commandFailures,
  domainStates,
  loginFailures,
  qemuImgFailures,
  serviceFailures,
  virshFailures,
  type FailureRow,
} from '../support/failure-matrix.ts';
import { ipmitoolFailures } from '../support/ipmitool-failures.ts';
import { serviceComputer } from '../support/network-service-fixture.ts';
import { recorded } from '../support/recorded.ts';
import { redfishFailures, redfishSilences, type RedfishFailureRow } from '../support/redfish-failures.ts';
import { startRedfishServer } from '../support/redfish-server.ts';
import { xcatFailures, type XcatFailureRow } from '../support/xcat-failures.ts';

const textOf = ({ text }: FailureRow): string => (/\.(err|out)$/.test(text) ? recorded(text).trim() : text);
const { signal } = new AbortController();

/** The class, and whether the boundary of activities tries again. */
function expectClass(error: unknown, row: FailureRow): void {
  expect(error).toBeInstanceOf(errors.ImprintError);
  const { name, retryable } = error as errors.ImprintError;
  expect({ name, retryable }).toEqual({ name: row.class, retryable: /again/.test(row.run) });
}

/** What `work` throws; undefined when it succeeds. */
async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('what virsh prints', () => {
  const acting = {
    start: 'start',
    shutdown: 'shutdown',
    destroy: 'destroy',
    reset: 'reset',
    undefine: 'undefine',
  } as const;

  it.each(virshFailures.map((row) => [row.verb, textOf(row), row] as const))(
    'at %s, %j, has its class',
    async (verb, stderr, row) => {
      const result: CommandResult = { command: `virsh ${verb}`, exitCode: 1, stdout: '', stderr, durationMs: 1 };
      if (row.class !== 'success') expectClass(virshError([verb, 'lab-07'], result), row);
      const call = Object.values(acting).find((known) => known === verb);
      if (call === undefined || row.class === 'NotFoundError') return;
      const shell = { host: 'test', run: () => Promise.resolve(result) } as unknown as Shell;
      const thrown = await thrownBy(createVirsh(shell, 'qemu:///system')[call]('lab-07', signal));
      expect(thrown instanceof Error ? thrown.name : 'success').toBe(row.class);
    },
  );

  it.each(domainStates)('of a domain, %s, is %s, and a capture %s', (printed, power, capture) => {
    const state = parseDomainState(`${printed}\n\n`);
    expect(powerValue(state)).toBe(power);
    const words = { clean: /^goes on/, forced: /^refused, unless/, unfinished: /^refused: / };
    expect(capture).toMatch(power === 'off' ? words[disksAfter(state.reason)] : /^waits/);
  });
});

describe('what qemu-img prints', () => {
  it.each(qemuImgFailures.map((row) => [textOf(row), row] as const))('%j has its class', (stderr, row) => {
    expectClass(qemuImgError('copy vda', 1, stderr), row);
  });
});

const outputsOf = ({ text }: XcatFailureRow): readonly [string, string] => {
  const output = (kind: string): string => {
    const name = join(packageRoot(), 'test/fixtures/output/xcat', `${text}.${kind}`);
    return existsSync(name) ? readFileSync(name, 'utf8').trim() : '';
  };
  return [output('out'), output('err')];
};

describe('what xCAT prints', () => {
  it.each(xcatFailures.map((row) => [row.verb, row.text, row.manner, row] as const))(
    'at %s, %s, when it %s, has its class',
    (verb, _text, manner, row) => {
      const [stdout, stderr] = outputsOf(row);
      const result = { command: verb, exitCode: row.exitCode, stdout, stderr };
      expectClass(xcatFailure({ verb, node: 'n1', manner }, result), row);
    },
  );

  it('leaves no recorded error without a row', () => {
    const files = readdirSync(join(packageRoot(), 'test/fixtures/output/xcat')).filter((name) => name.endsWith('.err'));
    // With these the command has succeeded for the node that was asked for.
    const fine = ['lsdef-partly', 'nodeset-serialport', 'two-nodes'];
    // Imprint defines nothing in xCAT.
    const neverAsked = ['mkdef-existing'];
    const names = files.map((name) => name.slice(0, -'.err'.length));
    const failed = names.filter((name) => ![...fine, ...neverAsked].includes(name));
    expect(xcatFailures.map(({ text }) => text)).toEqual(expect.arrayContaining(failed));
  });
});

describe('what ipmitool prints', () => {
  it.each(ipmitoolFailures.map((row) => [textOf(row), row] as const))('%j has its class', (stderr, row) => {
    const result = { command: 'ipmitool', exitCode: 1, stdout: '', stderr, durationMs: 1 };
    expectClass(ipmitoolError('chassis power status at 192.0.2.7:623', result), row);
  });
});

describe('what a Redfish controller answers', () => {
  const methods = { reading: ['GET'], action: ['POST', 'PATCH'], either: ['GET', 'POST', 'PATCH'] } as const;
  const requestsOf = ({ of }: Pick<RedfishFailureRow, 'of'>, url = 'https://192.0.2.8'): readonly HttpRequest[] =>
    methods[of].map((method) => ({ method, url: new URL('/redfish/v1/Systems/1', url), headers: {} }));
  const errorOf = (request: HttpRequest, text: string): errors.ImprintError => {
    const [status = '', ...words] = text.split(' ');
    const said = { '@Message.ExtendedInfo': [{ MessageId: words.join(' ') }], code: 'Base.1.8.GeneralError' };
    return redfishError(request, { status: Number(status), headers: {}, body: JSON.stringify({ error: said }) });
  };

  it.each(redfishFailures.map((row) => [row.of, row.text, row] as const))(
    'to what is %s, %s, has its class',
    (_of, text, row) => {
      for (const request of requestsOf(row)) expectClass(errorOf(request, text), row);
    },
  );

  it('is seen to have another class than a wrong row says', () => {
    for (const request of requestsOf({ of: 'either' })) {
      const wrong = { text: '401', class: 'NotFoundError', run: 'given up at once' };
      expect(() => expectClass(errorOf(request, '401'), wrong)).toThrow();
    }
  });

  it('has no class of its own where there is no row', () => {
    const known = redfishFailures.map(({ text }) => text);
    const others = Array.from({ length: 200 }, (_, index) => String(400 + index)).filter((one) => !known.includes(one));
    const classes = (of: RedfishFailureRow['of'], hundred: string) => {
      const statuses = others.filter((status) => status.startsWith(hundred));
      return new Set(requestsOf({ of }).flatMap((sent) => statuses.map((status) => errorOf(sent, status).name)));
    };
    expect(classes('either', '4')).toEqual(new Set(['CommandFailedError']));
    expect(classes('reading', '5')).toEqual(new Set(['UnavailableError']));
    expect(classes('action', '5')).toEqual(new Set(['OutcomeUnknownError']));
  });

  it.each(redfishSilences.map((row) => [row.of, row.text, row] as const))(
    'to what is %s, with %s, has its class',
    async (_of, text, row) => {
      const server = await startRedfishServer(() => 'cut');
      try {
        if (text === 'no connection') await server.close();
        for (const sent of requestsOf(row, server.url)) expectClass(await thrownBy(exchange(sent, {}, signal)), row);
      } finally {
        await server.close();
      }
    },
  );
});

describe('what the tools of a network service print', () => {
  const context = { signal, progress: () => undefined };
  const fence = { node: 'r1', owner: 'loadNode/r1/1', epoch: 1 };
  const nodeWhere = (exitCode: number, stderr: string): ServiceNode => {
    const run = () => Promise.resolve({ command: 'tool', exitCode, stdout: '', stderr, durationMs: 1 });
    const shellFor = () => ({ host: 'test', run }) as unknown as Shell;
    return openNode({ shellFor }, serviceComputer('r1', { service: 'frr' }));
  };
  const doing = {
    read: async (text: string) => await readRunning(nodeWhere(1, text), context),
    check: async (text: string) => await checkFile(nodeWhere(2, text), 'web-v1', '/f', context),
    // Under the fence a command that says no ends in 10.
    apply: async (text: string) => {
      const command = { file: 'frr-reload.py', args: [] };
      await act(nodeWhere(10, text), { fence, what: 'apply', command }, context);
    },
  };

  it.each(serviceFailures.map((row) => [row.verb, textOf(row), row] as const))(
    'at %s, %j, has its class',
    async (verb, text, row) => expectClass(await thrownBy(doing[verb](text)), row),
  );
});

describe('what SSH says', () => {
  it.each(loginFailures.map((row) => [row.text, row] as const))(
    'while a connection is opened, "%s", has its class',
    (text, row) => {
      expectClass(loginError('root@lab-07:22', Object.assign(new Error(text), { level: row.level })), row);
    },
  );

  it.each(commandFailures.map((row) => [row.text, row] as const))(
    'of a command, "%s", has its class',
    async (text, row) => {
      const stand = {
        execCommand: () => Promise.reject(new Error(text)),
        connection: new EventEmitter(),
        isConnected: () => false,
      };
      const command = { file: 'virsh', args: [], env: {}, stdin: undefined, text: 'virsh' };
      const request = { host: 'root@lab-07:22', command, signal, onNotBegun: () => undefined };
      expectClass(await thrownBy(executeOnChannel(stand as unknown as NodeSSH, request)), row);
    },
  );
});

describe('the page of failures', () => {
  const cell = (text: string): string => text.replaceAll('\n', ' ⏎ ').replaceAll('|', '\\|');
  const line = (row: FailureRow): string => `| \`${cell(textOf(row))}\` | ${row.class} | ${row.run} |`;
  const xcatText = (row: XcatFailureRow): string => {
    const printed = outputsOf(row)
      .filter((output) => output !== '')
      .join('\n');
    return cell(printed === '' ? 'nothing, with status 0' : printed);
  };
  const rows = [
    ...virshFailures.map((row) => `| ${row.verb} ${line(row)}`),
    ...domainStates.map(([state, power, capture]) => `| \`${state}\` | ${power} | ${capture} |`),
    ...qemuImgFailures.map(line),
    ...xcatFailures.map((row) => `| ${row.verb} | \`${xcatText(row)}\` | ${row.class} | ${row.run} |`),
    ...[...loginFailures, ...commandFailures, ...ipmitoolFailures].map(line),
    ...[...redfishFailures, ...redfishSilences].map((row) => `| ${row.of} ${line(row)}`),
    ...serviceFailures.map((row) => `| ${row.verb} ${line(row)}`),
  ];
  const rowsOf = (page: string): readonly string[] => page.split('\n').filter((one) => /^\| (\w+ \| )?`/.test(one));

  it('has the rows of this table and no other, in their order', () => {
    expect(rowsOf(readFileSync(join(packageRoot(), 'docs/failures.md'), 'utf8'))).toEqual(rows);
  });

  it('is seen to differ when a row of it says something else', () => {
    const page = rows.join('\n');
    expect(rowsOf(page)).toEqual(rows);
    expect(rowsOf(page.replace('UnavailableError', 'NotFoundError'))).not.toEqual(rows);
  });
});
