import { describe, expect, it } from 'vitest';
import { parsePostmasterFile } from '../../../src/platform/postmaster.ts';

/** Of PostgreSQL 18, started with unix_socket_directories empty. */
const whole = '4242\n/srv/state/postgres/data\n1763827000\n45432\n\n127.0.0.1\n  7342343     32773\nready   \n';

describe('parsePostmasterFile', () => {
  it('finds process number and port', () => {
    expect(parsePostmasterFile(whole)).toEqual({ pid: 4242, port: 45432 });
  });

  it.each(['', '\n', '4242\n', '4242\n/srv/data\n1763827000\n45', 'x\n/srv\n1\n5432\n\n'])(
    'knows %j as cut',
    (text) => {
      expect(parsePostmasterFile(text)).toBeUndefined();
    },
  );
});
