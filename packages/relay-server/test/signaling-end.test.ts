import { describe, expect, test } from '@jest/globals';
import { Challenge, create, PROTOCOL_VERSION, Refusal } from '@wingman/protocol';
import { accept, NONCE, start } from './support/signaling-host.js';
import { until } from './support/until.js';

describe('the end', () => {
  test.each([
    [PROTOCOL_VERSION - 1, 'its operator has to update it'],
    [PROTOCOL_VERSION + 1, "update wingman on the developer's machine"],
  ])(
    'a server of version %s is not asked, and the host says whom to update',
    async (version, cure) => {
      const hello = create(Challenge, { nonce: NONCE, protocolVersion: version });
      const { host, server } = await start((connection) =>
        connection.send({ $case: 'challenge', value: hello }),
      );
      await until(() => host.seen.ended.length === 1, 'ended');
      expect(host.seen.ended[0]?.code).toBe('REFUSED');
      expect(host.seen.ended[0]?.message).toContain(
        `version ${version}, the host ${PROTOCOL_VERSION}`,
      );
      expect(host.seen.ended[0]?.message).toContain(cure);
      expect(server.connections[0]?.received).toEqual([]);
    },
  );

  test.each(['SESSION_ENDED', 'HANDSHAKE_FAILED', 'PROTOCOL_ERROR', 'REFUSED'])(
    'the refusal %s is final',
    async (code) => {
      const { host } = await start((connection) => {
        const value = create(Refusal, { code, message: 'why' });
        connection.send({ $case: 'refusal', value });
        connection.socket.close(4000);
      });
      await until(() => host.seen.ended.length === 1, 'ended');
      expect(host.seen.ended[0]).toMatchObject({ code, message: 'why' });
      expect(host.clock.pending).toEqual([]);
    },
  );

  test.each([
    ['TOKEN_NEEDED', '--token or WINGMAN_TOKEN'],
    ['NAME_IN_USE', '--take-over'],
  ])('the refusal %s is final, and says what to do', async (code, cure) => {
    const { host } = await start((connection) => {
      connection.send({ $case: 'refusal', value: create(Refusal, { code, message: 'why' }) });
      connection.socket.close(4001);
    });
    await until(() => host.seen.ended.length === 1, 'ended');
    expect(host.seen.ended[0]?.code).toBe(code);
    expect(host.seen.ended[0]?.message).toMatch(new RegExp(`^why; .*${cure}`));
  });

  test.each([4006, 4009, 4001])('the close code %i is final', async (code) => {
    const { host } = await start(({ socket }) => socket.close(code));
    await until(() => host.seen.ended.length === 1, 'ended');
  });

  test.each(['LIMIT_EXCEEDED', 'SOMETHING_NEW'])('the refusal %s is not', async (code) => {
    const { host } = await start((connection) => {
      const value = create(Refusal, { code, message: 'full' });
      connection.send({ $case: 'refusal', value });
      connection.socket.close(4000);
    });
    await until(() => host.seen.lost.length === 1, 'lost');
    expect(host.seen.lost[0]?.message).toBe('full');
  });

  test('close lets what was sent leave, and nothing follows', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    host.connection.send({ $case: 'endSession', value: {} });
    host.connection.close();
    await until(() => server.connections[0]?.received.length === 2, 'the message arrives');
    await until(() => server.connections[0]?.socket.readyState === 3, 'closed');
    expect(host.seen.lost).toEqual([]);
    expect(host.seen.ended).toEqual([]);
    expect(host.clock.pending).toEqual([]);
  });
});
