// How each browser is started, by the tests, their runner and the bench.

/** Makes Chromium do nothing but what it is asked for. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    ...QUIET,
    // The machine has no mDNS responder, so host candidates show their address.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  ],
};

export const FIREFOX = {
  executablePath: '/usr/bin/firefox-esr',
  // The same for Firefox.
  prefs: { 'media.peerconnection.ice.obfuscate_host_addresses': false },
};

export const WEBKIT = {
  display: { executablePath: '/usr/bin/Xvfb' },
  driver: { executablePath: '/usr/bin/WebKitWebDriver' },
  // It has no GPU and nobody who looks at it.
  env: { GSETTINGS_BACKEND: 'memory', NO_AT_BRIDGE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1' },
};
