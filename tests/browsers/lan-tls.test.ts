import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';
import { LAN_ADDRESS, ownNetwork } from '../../packages/relay-server/test/support/own-network.js';
import { cleanups } from '../../packages/relay-server/test/support/cleanups.js';
import { appShows, found, inApp, statusWhere } from '../support/browser.js';
import { CHROMIUM } from '../support/browser-settings.mjs';
import { eventually, Program } from '../support/processes.js';
import { CLI } from '../support/share.js';

/** Prints the fingerprint of the key that a server shows, as `--ignore-certificate-errors-spki-list` takes it. */
const KEY_OF = `
  const { createHash, X509Certificate } = require('node:crypto');
  const [host, port] = process.argv.slice(1);
  const socket = require('node:tls').connect({ host, port, rejectUnauthorized: false }, () => {
    const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    console.log(createHash('sha256').update(der).digest('base64'));
    socket.end();
  });
`;

const DEADLINE_MS = 120_000;

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-lan-tls-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A program in that network. */
function runIn(network: readonly string[], command: readonly string[], env = {}): Program {
  const [first = '', ...rest] = [...network, ...command];
  return new Program(first, rest, { env, group: true });
}

/** What `wingman` says of the session: its link on the local network, and where a phone gets the certificate. */
async function sharing(network: readonly string[], folder: string) {
  const config = scratch();
  const args = ['share', folder, '--lan-tls', '--lan-address', LAN_ADDRESS, '--json'];
  const env = { XDG_CONFIG_HOME: config, TUNNEL_PORT: '0', LOG_LEVEL: 'warn' };
  const program = runIn(network, [process.execPath, CLI, ...args], env);
  return program.find('ready event', ([line = '']) =>
    line.startsWith('{')
      ? (JSON.parse(line) as { lan: { url: string; trust: { url: string } } }).lan
      : undefined,
  );
}

/** A browser in that network, which trusts the certificate with this key. */
async function browserIn(network: readonly string[], spki: string): Promise<Browser> {
  // Not in a socket of the network: the test is in another one.
  const wrapper = join(scratch(), 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${network.join(' ')} ${found(CHROMIUM)} "$@"\n`, {
    mode: 0o700,
  });
  const browser = await puppeteer.launch({
    browser: 'chrome',
    executablePath: wrapper,
    headless: true,
    pipe: true,
    args: [...CHROMIUM.args, `--ignore-certificate-errors-spki-list=${spki}`],
  });
  cleanups.push(() => browser.close());
  return browser;
}

test(
  'a browser that trusts the certificate has the whole tunnel at the address on the network',
  async () => {
    const network = await ownNetwork();
    const folder = scratch();
    writeFileSync(join(folder, 'index.html'), '<!doctype html><h1>front page</h1>');
    const { trust, url } = await sharing(network, folder);
    const { hostname, origin, port } = new URL(url);
    expect([hostname, url.includes('#k=')]).toEqual([LAN_ADDRESS, true]);

    const asked = runIn(network, [process.execPath, '-e', KEY_OF, hostname, port]);
    expect(await asked.exited).toBe(0);
    const spki = await eventually('the key', () => asked.lines[0]);
    const browser = await browserIn(network, spki);
    const tab = await browser.newPage();
    await tab.goto(url);
    await appShows(tab, 'front page');
    expect(await inApp(tab, () => [location.origin, isSecureContext])).toEqual([origin, true]);
    await eventually('the service worker', () =>
      tab.evaluate(() => navigator.serviceWorker.controller !== null),
    );
    await statusWhere(tab, 'direct', ({ mode }) => mode === 'p2p');
    // What a phone installs is there, and is one.
    const authority = await tab.evaluate(async (address) => {
      const answer = await fetch(address);
      return [answer.status, answer.headers.get('content-type')];
    }, trust.url);
    expect(authority).toEqual([200, 'application/x-x509-ca-cert']);

    // Whoever doesn't trust it sees nothing of the app.
    const stranger = await browserIn(network, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=');
    const warned = await stranger.newPage();
    await expect(warned.goto(url)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
  },
  DEADLINE_MS,
);
