const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The host's own caps and deadlines; bytes end in Bytes, times in Ms. Those shared with others are LIMITS of protocol. */
export const HOST_LIMITS = {
  /**
   * Requests at one local port that the app has not answered, of all openers together. An opener (a viewer's
   * link, or the ingress as a whole) has as many as are left for others at most, so alone 64. A browser asks
   * a server for six at once, and dev servers run one thread: more only make their queue longer.
   */
  localRequests: 128,
  /** Connections to one local port, shared alike: with those of event streams, long bodies and WebSockets. Each costs a descriptor and up to 128 KiB. */
  localConnections: 1024,
  /** A request waits so long for its place: longer than a thousand modules take that a slow dev server compiles one by one. */
  localWaitMs: 2 * MINUTE,
  /** Loopback either answers at once or is refused; longer means a stopped process with a full backlog. */
  localConnectMs: 5_000,
  /** A connection is not used again after this idle time when its server names none: the shortest common default is 2 s (gunicorn). */
  localIdleMs: 1_000,
  /** A server that names its time (`Keep-Alive: timeout`) gets this much less, for clocks that differ and a busy thread… */
  localIdleMarginMs: 2_000,
  /** …and this at most: a new connection to loopback costs next to nothing. */
  localIdleMaxMs: 4_000,
  /** From the whole request to the app's first byte: a debugger may hold it, but not for ever. */
  localHeadersMs: 15 * MINUTE,
  /** Response head of the local app, as far as a link can carry one. */
  localHeadBytes: 48 * KIB,
  /** Header of a gzip body: its largest field has 64 KiB, and a file name is short. */
  gzipHeaderBytes: 128 * KIB,
  /** A small body is waited for so long before its head goes without it. It mostly comes with its head, in one piece. */
  smallBodyWaitMs: 20,
  /** Where that body breaks off, its head has so long to be read before the reset: a turn of each thread on its way. */
  brokenBodyMs: 100,
  /** Bodies below this size are not compressed: with its head such a body is a message or two, whatever is done to it. */
  compressFromBytes: 1 * KIB,
  /** zlib's level: a fifth of a module's bytes is left, at 100 MiB a second. The usual 6 takes twice the time for 1 % less. */
  compressionLevel: 4,
  /** Bodies up to this size are compressed as a whole, on the main thread: half a millisecond. */
  compressWholeBytes: 64 * KIB,
  /** Larger ones that are compressed at once: zlib keeps 270 KiB for each. Others go plainly. */
  compressedStreams: 32,
  /** A body of which the app doesn't say how long it is counts as so long. */
  unknownBodyBytes: 64 * KIB,
  /** Compressing has to save so many times what it costs: the rate and the cost are estimates. */
  compressionMargin: 2,
  /** What a browser's decoder gives in a second (Chromium, a 1 MiB script: 4 ms)… */
  decoderPerSecond: 200 * MIB,
  /**
   * …and what a coded body costs both ends whatever its size: 0.07 to 0.2 ms in Chromium, for a stream with its turns, and
   * 0.05 ms here. Twice that where the processors are what a page waits for.
   */
  codedBodyMs: 0.4,
  /** A path of which nobody knows more is taken to deliver this much, 100 Mbit/s: then large bodies pay, and modules don't. */
  unknownPerSecond: 12.5 * MIB,
  /** A shorter round trip than this is that of one machine or a local network… */
  nearRoundTripMs: 10,
  /** …if more is delivered there than this. A slow uplink to a server nearby is told by it. */
  nearPerSecond: 4 * MIB,
  /** What compressing leaves is averaged over so many plain bytes. */
  yieldBytes: 1 * MIB,
  /** The rate is the best of so many pieces, of so many bytes at least… */
  yieldPieces: 8,
  yieldPieceBytes: 16 * KIB,
  /** …and forgotten after this time. */
  yieldMs: 10_000,
  /** Pushed requests at once for one viewer. A document with more is wide: its page asks as soon as the host could. */
  pushesAtOnce: 32,
  /** Pushes for one document: the largest unbundled apps have some thousand modules. */
  pushesPerDocument: 8192,
  /** Code that is read for its imports, in bytes: a dev server's bundle of dependencies is seldom larger. */
  pushScanBytes: 1 * MIB,
  /** What waits for a viewer that is slow to read. Past it the rest of the document is left to its page. */
  pushWaitingBytes: 4 * MIB,
  /** An answer that is too large to be sent ahead waits for the page's request, up to this size… */
  pushKeptBytes: 2 * MIB,
  /** …and so many of them for each viewer: a page asks for them within a round trip. */
  pushesKept: 8,
  /** HTML that is read for scripts and style sheets, in bytes: they stand at its top. */
  pushDocumentBytes: 256 * KIB,
  /** A push that has gone out answers the page's own request that crossed it, for the longest usual round trip. */
  pushCrossingMs: 1_000,
  /** A push stream ends when nothing was asked, found or pushed for so long… */
  pushIdleMs: 3_000,
  /** …and after this time anyway: the viewer opens another when its page needs one. */
  pushStreamMs: MINUTE,
  /** Of so many URLs the host remembers what they import, and what each viewer has: those of a few large apps, 200 bytes each. */
  pushGraph: 16_384,
  pushHeld: 65_536,
  /** Messages of one of the app's WebSockets kept while the link is full, before its socket is paused. */
  webSocketBacklog: 16,
  /** The same in bytes; one message may go beyond it. */
  webSocketBacklogBytes: 1 * MIB,
  /** The app's WebSocket handshake. */
  webSocketOpenMs: 15_000,
  /** A closing handshake with the app, after which its socket is destroyed. */
  webSocketCloseMs: 5_000,
  /** Body of a refused upgrade; it is an error page. */
  refusalBodyBytes: 64 * KIB,

  /** Bodies from this size on are reported: smaller ones have arrived before anybody looks. */
  transferBytes: 8 * MIB,
  /** From a body's start to the first report of its progress; each next one comes after twice the time… */
  transferMs: 1_000,
  /** …up to this, so that hours of video don't flood a terminal. */
  transferMaxMs: MINUTE,

  /** From a viewer's link to the line about it: the first request, by which the browser is known, comes with the link. */
  greetMs: 250,
  /** A path that is lost is told after this time: longer than a closed tab's link has for its last requests. */
  lossMs: 1_500,
  /** Requests of a burst that are shown in a terminal, answered and failed ones each: a third of a small screen. */
  burstLines: 8,
  /** A burst ends after this time without a request… */
  burstQuietMs: 500,
  /** …or after this, so that something is seen while requests never cease. */
  burstMs: 5_000,
  /** A dev server that runs answers its first page within this time, or it compiles and counts as silent. */
  probeMs: 1_500,
  /** Of a first page, for its title. */
  probeBytes: 64 * KIB,
  /** Ports that are asked when no port was named: far more than a developer has servers. */
  probes: 256,
  /** From a command's start to its first answer: large apps compile for a minute. */
  commandStartMs: 2 * MINUTE,
  /** Its ports are looked for this often… */
  commandPollMs: 250,
  /** …and after this time a line says that it is being waited for; each next one comes after twice the time. */
  commandNoticeMs: 10_000,
  /** A command has this long to end before it is killed: dev servers end at once, and may write a cache. */
  commandEndMs: 5_000,
  /** An answer of a server that `wingman doctor` asks. */
  doctorMs: 3_000,
  /** A program that copies or opens has failed by then, or does what it should. */
  desktopMs: 3_000,
  /** The same trouble is told once in this time. */
  repeatMs: MINUTE,
  /** Different troubles that are remembered for that. */
  repeats: 32,

  /** Cookie jars, one for each browser that was given a cookie; the one not used for longest goes first. */
  cookieJars: 1024,
  /** Cookies in one jar: what Chromium keeps for one site. */
  cookiesPerJar: 180,
  /** Names and values in one jar; a request head could not carry more. With cookieJars it bounds all of them at 64 MiB. */
  cookieJarBytes: 64 * KIB,
  /** Name and value of one cookie, as in browsers (RFC 6265bis section 5.6); a larger one is ignored. */
  cookieBytes: 4 * KIB,
  /** A whole Set-Cookie line, with attributes. */
  cookieLineBytes: 8 * KIB,
  /** A browser shows a cookie within this time after it was given; a cookie that is not shown later is gone. */
  cookieSettleMs: 30_000,

  /** A browser that uses plain HTTP has to prove the key again after this time, which is a day's work. */
  ingressCookieMs: 24 * 60 * MINUTE,

  /**
   * Work of one check of a passphrase (scrypt, RFC 7914): 32 MiB and about a tenth of a second. The hash is in memory
   * only, and guesses are limited, so it need not hold against a stolen file.
   */
  passphraseCost: { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * MIB },
  /** Checks in line, with the one that is made: the last waits a second, which a person does. */
  passphraseQueue: 8,
  /**
   * Passphrases that one browser may try in a minute: a person mistypes it two or three times. All together may try
   * 43,200 a day, of the 2^60 that wingman draws from.
   */
  passphraseGuesses: { each: 5, inAll: 30, windowMs: MINUTE },
  /** The form with a passphrase, and the target that its page was asked for under. */
  entryFormBytes: 64 * KIB,
  /** From the head of that form to its end: it is one small message. */
  entryFormMs: 10_000,
  /** Browsers that the host remembers; the one that has not come for longest goes, and has to enter again. */
  visitors: 1024,
  /** Browsers that wait for the developer's answer: more than a person would go through. */
  waitingVisitors: 32,
  /** A browser that waits has asked again within this time, or is gone: its page asks every two seconds, in the background once a minute. */
  waitingSilenceMs: 2 * MINUTE,
  /** So long a browser waits for the developer's answer. Then its page says that nobody has answered. */
  approvalMs: 10 * MINUTE,
  /** An answer of a server that `wingman admin` asks, on this machine. */
  adminMs: 5_000,
  /** A list of ten thousand sessions with their viewers. */
  adminBytes: 16 * MIB,
  /** A file of the page that `wingman verify` asks a server for: a second at most is usual, and the largest has 210 KiB. */
  verifyMs: 10_000,
  verifyBytes: 4 * MIB,
  /**
   * Wrong passwords that one address may show within the window: those of a person who has forgotten it. All together
   * may show one a second: eight random letters and digits hold for thousands of years.
   */
  passwordGuesses: { each: 10, inAll: 600, windowMs: 10 * MINUTE },
  /** Addresses that have shown the right password; the oldest is forgotten first. */
  trustedGuessers: 1024,

  /** A file with a name's keys: two of them in base64, in JSON. */
  keyFileBytes: 4 * KIB,
  /** Visitors of a name whose answer is kept for its next host, as many as one host remembers… */
  answers: 1024,
  /** …and the file with them, which has 56 bytes for each. */
  answersFileBytes: 128 * KIB,
  /** A `.env` file: some sixty settings and their comments have a tenth of it. */
  dotenvBytes: 256 * KIB,

  /** First wait before connecting to the tunnel server again; doubles each time… */
  reconnectFirstMs: 250,
  /** …up to this, so that a server that comes back finds its hosts within seconds. */
  reconnectMaxMs: 10_000,
  /** The longest that a host waits because a server has told it when to come: ours say 15 s at most. */
  toldWaitMs: 60_000,
  /** Hosts that were told the same second come at times of their own within the next. */
  toldSpreadMs: 1_000,
  /** Servers that may be named: each of them is tried for as long as a registration may take. */
  servers: 8,
  /** How long a server that had the session is waited for when there is another one: a restart is over by then, and the URL stays. */
  serverPatienceMs: 10_000,
  /** TCP, TLS, upgrade and registration together, for one attempt. */
  registerMs: 10_000,
  /** How long a start keeps trying before it gives up and says why. */
  startMs: 20_000,
  /** Pings to the tunnel server while somebody views; without a sign of life between two of them the connection is dead. */
  serverPingMs: 15_000,
  /**
   * The same while nobody does, and on a connection that is kept ready for a viewer: below the 60 s after which proxies commonly end
   * a silent connection. The server looks every 50 s, and asks where it has heard nothing.
   */
  idlePingMs: 45_000,
  /** The answer to a ping that is sent because a link has just lost its path: several times a slow round trip. */
  serverProbeMs: 2_000,
  /** The machine's own addresses are looked at this often: a change costs a quarter of a second then, and a look 0.1 ms. */
  addressLookMs: 250,
  /** Answers and candidates for viewers that wait until the host is registered again: thirty for each of some viewers… */
  awayMessages: 256,
  /** …some 1 KiB each… */
  awayBytes: 256 * KIB,
  /** …and for so long: an attempt is given up then. */
  awayMs: 10_000,
  /** Outgoing signaling while the server is slow; past it the connection counts as dead. */
  signalingQueueBytes: 1 * MIB,
  /** One signaling message: an SDP with many candidates stays below 32 KiB. */
  signalingMessageBytes: 64 * KIB,

  /** A prekey is published for this long: one that leaks later opens no carrier of before. */
  prekeyLifeMs: 60 * MINUTE,

  /** Dial-backs under way or waiting for a viewer at once; the server keeps one ready and asks for few more. */
  pendingDials: 32,
  /** TCP, TLS and upgrade of one dial-back. */
  dialMs: 10_000,
  /** Ingress links at once: one in use, and one of a server that has just reconnected. */
  ingressLinks: 2,

  /** Peer connections at once for each viewer allowed: the one in use and one being negotiated. */
  peersPerViewer: 2,
  /** Links that were accepted and have made no offer yet; only holders of the link key get here. The oldest goes. */
  awaitedOffers: 1024,
  /** STUN and TURN servers that the host takes from the tunnel server, and addresses of each: engines slow down with five. */
  iceServers: 8,
  /** ICE candidates taken for one attempt; browsers send about ten. */
  candidatesPerAttempt: 64,
  /** Names of multicast DNS among them that are looked up; a browser has one for each of its addresses. */
  localNamesPerPeer: 4,
  /** Until the answer, asked for twice: it comes from a machine on the same network. Nothing else waits for it. */
  localNameMs: 2_000,
  /** Between two reports of what the links have carried: metrics are read a few times a minute. */
  pathReportMs: 15_000,
  /** Round trips told in one report; those of more direct paths are left out. */
  savedPerReport: 64,
  /** Links for each viewer allowed: the one in use, and one of a tab that went without a goodbye. */
  linksPerViewer: 2,
  /** A closed tab's last requests (beacons) may finish within this; then its link and all it holds is freed. */
  viewerGoodbyeMs: 1_000,
  /** A direct path of a tab that is presumed gone is found dead within two seconds, on a busy machine within this. */
  presumedGoneMs: 5_000,
  /** ICE is asked this often whether it still goes the same way: it may find a direct one after one by TURN. */
  wayLookMs: 3_000,
  /** One engine's answer to that question, which it takes from its statistics. */
  wayAnswerMs: 1_000,
  /** Ports mapped at a router at once: small ones have room for 32 to 64 in all, and others live in the same house. */
  mappedPorts: 16,
  /** A mapping ends by itself after this time when the host was killed; it is renewed at half of it. */
  mappingSeconds: 600,
  /** A router that speaks PCP or NAT-PMP answers in milliseconds, three packets at most (250 ms, doubling)… */
  routerAttempts: 3,
  /** …one that speaks UPnP within a second of the question, as it says… */
  routerSsdpMs: 1_500,
  /** …and fetching its description included, all is known by then. Candidates come as long as an attempt lasts. */
  routerSearchMs: 4_000,
  /** One answer: a slow router takes a second for a page of XML. */
  routerAnswerMs: 3_000,
  /** Taking all mappings back, at the end; what isn't taken back ends with its time. */
  routerEndMs: 1_500,
  /** One engine doesn't report a drained channel: it is asked this often while full (8 ms at 15 MiB/s is 120 KiB). */
  drainPollMs: 8,
  /** Starting an engine's process and loading its library: a second, on a busy machine several. */
  engineStartMs: 20_000,
  /** An engine's process that is asked for something and says nothing for so long hangs, and is ended. Its lanes are given up sooner. */
  engineSilentMs: 5_000,
  /** An engine's process without peers lives for so long: far viewers open lanes again and again. */
  engineIdleMs: 60_000,
  /** On its way from an engine's process to the host: twice what a link's window lets a viewer send ahead. */
  engineBacklogBytes: 64 * MIB,
  /** A data channel's close message gets this long to leave before its peer connection is torn down. */
  peerLingerMs: 200,

  /** Tabs that look at the app together: far more than share a screen in a call… */
  togetherTabs: 256,
  /** …and those that one link brings. A browser may send what several of its tabs ask by one link. */
  togetherTabsPerLink: 8,
  /** What the tab that leads says in a second: it says ten at most, and those that were held up come in a bunch. */
  togetherMovesPerSecond: 20,
  /** One of these: a path of 2,048 characters, a token, and five numbers. */
  togetherMoveBytes: 4 * KIB,
  togetherMoveMs: 10_000,
  /** How many are here is counted this often while somebody looks. */
  togetherCountMs: 2_000,

  /** Exchanges that the inspector keeps: a list in which a person still finds something, and ten loads of a large unbundled app… */
  inspectorExchanges: 10_000,
  /** …the memory of their heads, of which a browser's take 1 to 2 KiB… */
  inspectorHeadsBytes: 16 * MIB,
  /** …and that of their bodies and messages. */
  inspectorBodiesBytes: 16 * MIB,
  /** What it keeps of one body, or of the messages of one socket: more than a person reads. */
  inspectorBodyBytes: 256 * KIB,
  /** A kept body without its content coding: a small one can be made that would fill the memory. */
  inspectorDecodedBytes: 4 * MIB,
  /** Messages of one socket, and what is kept of one of them. */
  inspectorMessages: 1_000,
  inspectorMessageBytes: 32 * KIB,
  /** What has changed is told this often, to ten pages at most: as often as a person can see. */
  inspectorFeedMs: 100,
  inspectorPages: 10,
  /** Lines told to a page at once, so that ten thousand leave the host time for requests. */
  inspectorFeedLines: 500,
  /** A page that doesn't read has its streams closed at this many bytes; it asks again when it comes back. */
  inspectorQueueBytes: 4 * MIB,
  /** Viewers are measured this often… */
  inspectorSampleMs: 1_000,
  /** …and ten minutes of it are kept, for so many viewers. */
  inspectorSamples: 600,
  inspectorViewers: 64,
  /** Tabs of which it is known whose they were: the inspector's lines name them after they have gone. */
  inspectorTabs: 1_000,
  /** A request that the inspector sends itself: a person waits for it. */
  inspectorReplayMs: MINUTE,
  /** An edited body, in JSON. */
  inspectorFormBytes: 1 * MIB,
  /** Ports from 4040 on that are tried, before the system chooses one. */
  inspectorPorts: 20,

  /** A phone trusts the authority of `--lan-tls` for two years; iOS takes no certificate of a server that lasts longer… */
  lanAuthorityMs: 730 * DAY,
  /** …and each run has a new one, which outlives the longest session, 14 days. */
  lanCertificateMs: 30 * DAY,
  /** An announcement on the network at hand is sent at most this often, whoever asks (RFC 6762 section 6). */
  announceMs: 1_000,
  /** Its goodbye is sent, or given up, within this. */
  goodbyeMs: 500,
  /** `wingman discover` listens so long: three questions, and half a second for the last answers… */
  discoverMs: 2_700,
  discoverAgainMs: 1_100,
  /** …and names so many sessions, because a stranger could announce any number. */
  discovered: 64,

  /** At Ctrl-C and before the session expires, requests and WebSockets under way may end within this time. */
  drainMs: 2_000,
} as const;
