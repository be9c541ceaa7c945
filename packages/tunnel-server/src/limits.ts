const KIB = 1024;
const MIB = 1024 * KIB;

/** Every cap and deadline of the tunnel server alone; bytes end in Bytes, times in Ms. */
export const SERVER_LIMITS = {
  /** A signaling message; the largest is an SDP of a few KiB, and a browser's can reach 20 KiB. */
  signalingMessageBytes: 64 * KIB,
  /** Signaling waiting for a reader that doesn't read; past it the reader counts as dead. */
  signalingQueueBytes: 1 * MIB,
  /** A tab whose browser has closed its socket is back within this, or taken to be gone. */
  viewerReturnMs: 2_500,
  /** The same for a tab that was frozen: Chromium closes the tab's socket as the tab wakes, and the network may be away for some seconds. */
  frozenReturnMs: 10_000,
  /** Offers and candidates that wait for a session's host which is away: of all its viewers, thirty each… */
  awayMessages: 256,
  /** …some 1 KiB each… */
  awayBytes: 256 * KIB,
  /** …and for so long: an attempt is given up then. */
  awayMs: 10_000,
  /** ICE candidates looked at for each end of an attempt, as many as a host takes. */
  candidatesSeen: 64,
  /** Signaling messages a viewer may send at once (an offer and its candidates, twice)… */
  viewerMessageBurst: 200,
  /** …and how many more a second. */
  viewerMessagesPerSecond: 50,
  /** The host answers for all its viewers. */
  hostMessageBurst: 2_000,
  hostMessagesPerSecond: 500,
  /** A viewer's reports that are counted at once: one attempt makes three at most… */
  viewerReportBurst: 12,
  /** …and how many more a second: viewers aren't trusted with our counters. */
  viewerReportsPerSecond: 0.2,
  /** A host's reports of its paths that are counted at once: one at its end may follow another… */
  pathReportBurst: 4,
  /** …and how many more a second: a host sends one in 15 s. */
  pathReportsPerSecond: 0.1,
  /** What one report is believed to count: 15 s at 10 Gbit/s, sixteen changes of a thousand viewers, and what a host sends. */
  pathBytesPerReport: 20e9,
  pathChangesPerReport: 16_000,
  savedPerReport: 64,
  /** The slowest direct path that is believed; the histogram's last bucket ends before. */
  p2pSetupMaxMs: 60_000,

  /** Visitors on their way from the main session to another port's page, of all sessions together. */
  passages: 1_000,
  /** From the main session's redirect to the other port's origin: one request. */
  passageMs: 30_000,

  /**
   * How long a lease of a name holds without a renewal. After this, other hosts can register a dead node's names at other
   * nodes. The host of a session can do so at once.
   */
  leaseMs: 6_000,
  /** How often a node renews its leases: two renewals in a row may be lost. */
  leaseRenewalMs: 2_000,
  /** The same for a node that is alone: nobody waits for its names, and to renew 10,000 takes it 20 ms. */
  aloneLeaseMs: 90_000,
  aloneRenewalMs: 30_000,
  /** Leases renewed by one question: Redis does nothing else for a millisecond or two. */
  leasesAtOnce: 500,
  /** From a question to Redis to its answer. After this, Redis counts as away. */
  directoryMs: 2_000,
  /** How soon a node tries to connect to Redis again. */
  directoryRetryMs: 500,
  /** How often a node says what it denies, and hears what the others do; as often as it looks at its own list. */
  announceMs: 2_000,
  /** For how long what a node has said holds when it says nothing more: a restart with trouble is over by then. */
  announcementMs: 10 * 60_000,
  /** Entries of a deny list that the other nodes are told: some 25 KB, which each of them reads every time. */
  announcedEntries: 1_000,
  /** From a request for another node to a connection with it. */
  peerConnectMs: 3_000,
  /** From a node's question to another whether it reaches Redis to the answer; past it that one may well reach it. */
  peerAnswerMs: 1_000,
  /** How long a request waits for a session that moves from a node that stops to another: a lease would be over soon after. */
  arrivalMs: 5_000,
  /** How often it looks; a host needs a few hundred milliseconds. */
  arrivalPollMs: 100,
  /** A node that did not answer is asked again after this time: it may have been started anew. */
  peerAgainMs: 1_000,
  /** Requests that wait so at one node: each costs a question to Redis every time. */
  waitingForArrival: 500,
  /** What one node says to another is believed for this time: their clocks may differ. */
  peerProofMs: 30_000,

  /** How many addresses with a wrong key a session's host is told of at once… */
  wrongKeyBurst: 3,
  /** …and how many more a second. Without this limit, whoever knows a name could fill the developer's terminal. */
  wrongKeysPerSecond: 1 / 60,
  /** An address that has not tried for this long is told again with its next try. An open tab tries every few seconds. */
  wrongKeyQuietMs: 600_000,
  /** How many such addresses are remembered: more than can be told in that time. */
  wrongKeyAddresses: 16,

  /** Events noted at once: a storm of 10,000 hosts, each with a viewer… */
  auditBurst: 20_000,
  /** …and how many more a second: 17 million a day, or 3 GB. Past it they are counted, for nobody is to fill the disk. */
  auditPerSecond: 200,
  /** How often the log says that events were left out. A flood of events must be no flood of these lines. */
  auditTroubleMs: 60_000,
  /** What may wait for the disk: the events of such a burst. */
  auditBytes: 4 * MIB,

  /** From an operator's command to its answer: every one is carried out at once. */
  adminMs: 5_000,
  /** Commands at once; operators type one after the other. */
  adminSockets: 16,

  /** From a host's connection to its registration. */
  registrationMs: 10_000,
  /**
   * Hosts that are connected and have not proved a key: each costs a socket and a nonce, 20 KB. Past it the oldest of the
   * busiest network goes. A core registers so many in half a second, and none of them is given up for another in `provingMs`.
   */
  unprovedHosts: 512,
  /** What a host in a crowd has for its proof before it gives way: a round trip around the world, and the node's own lateness. */
  provingMs: 2_000,
  /** In a crowd one more host is asked to come every so often: a core registers 600 to 1,000 in a second. */
  hostTurnMs: 2,
  /** The latest turn that is given: a host that starts gives up after 20 s. */
  hostTurnsMs: 15_000,
  /** Registrations that one address may make: all hosts of an office, when the server has restarted… */
  registrationBurst: 100,
  /** …within this time. */
  registrationBurstMs: 10_000,
  /** Tokens of hosts. Each costs one MAC at every registration, a few microseconds; a large company needs fewer. */
  hostTokens: 1024,
  /** How often the files of the operator are looked at: soon enough for whoever has just edited one. */
  listFileMs: 2_000,
  /** From a connection to the end of its TLS handshake: two round trips, and the arithmetic of a slow phone. */
  tlsHandshakeMs: 10_000,
  /** How many questions for certificates of unknown names are answered at once… */
  unknownCertificateBurst: 100,
  /** …and how many more a second. Scanners try names, and a proxy asks about each. */
  unknownCertificatesPerSecond: 20,
  /** Requests for names that no session has, of one address: some twenty tabs of sessions that are gone, each asking every few seconds… */
  unknownNameBurst: 300,
  /** …within this time. */
  unknownNameBurstMs: 60_000,
  /** Networks that are counted for such a rate; the one that came longest ago is forgotten first. */
  countedNetworks: 10_000,
  /** Renewals of a registration on one connection: an honest host renews once an hour… */
  renewalBurst: 10,
  /** …and how many more a second. */
  renewalsPerSecond: 0.1,
  /** Hosts that come back to a session of the last minutes may exceed MAX_SESSIONS by this share. */
  returningShare: 0.1,
  /** Ended sessions whose viewers are still told so; the oldest is forgotten first. */
  endedSessionsRemembered: 1_000,
  /** For this time an ended session is told from one that never was, and its host may come back to a full server. */
  endedSessionMs: 10 * 60_000,

  /** Sockets a session's viewers may hold beyond one each: a reloaded tab overlaps with itself. */
  viewerSocketSlack: 8,
  /** From a request for a dial-back to the socket; also what a viewer waits for one. */
  dialBackMs: 10_000,
  /** Dial-backs kept ready: the spare one, or one that somebody has asked for who has left. A host that dials more gets no further. */
  readySockets: 1,
  /** What a ready host may have sent before its viewer comes: one hello. */
  earlyMessages: 4,
  earlyBytes: 16 * KIB,
  /** A viewer's first flight: a handshake, a frame or two, and the head of one request. */
  firstFlightBytes: 64 * KIB,
  firstFlightMessages: 16,
  /** How long the answer to a first flight may stream; the viewer's WebSocket has long taken over by then. */
  firstFlightMs: 30_000,

  /** From a viewer's splice to its first message, which is its proof of the key. */
  firstMessageMs: 10_000,

  /** Queued towards one end of a splice before the other end is paused… */
  spliceHighWaterBytes: 1 * MIB,
  /** …and resumed. */
  spliceLowWaterBytes: 256 * KIB,

  /** Ingress requests and WebSockets of a session at once; past it 503. A browser opens six. */
  ingressExchanges: 512,
  /** An unanswered upload ends when its client sends nothing for this time: it holds a place at the app. nginx has the same default. */
  uploadIdleMs: 60_000,
  /** Fragments of one message of a client; each costs a hundred bytes however small it is. Chromium sends the largest message in 250. */
  webSocketFragments: 1024,
  /** The body of an app's answer to a WebSocket it refuses; the rest is cut off. */
  rejectionBytes: 1 * MIB,
  /** Compressed shells kept, one for each session opened lately: 60 KB each. */
  compressedPages: 64,
  /** Shells that may wait to be compressed, one after another at about 15 ms each: past it they go out as they are. */
  pendingCompressions: 8,
  /** The time in which an HTTP client has to send its request head. */
  headersMs: 20_000,
  /** How often Node looks for clients past that time. With its own 30 s they would have up to 50 s. */
  checkMs: 1_000,
  /** A request head; Node's default. 431 above it. */
  headerBytes: 16 * KIB,
  /** Requests that may wait on one connection behind another; hardly any client pipelines. */
  pipelinedRequests: 16,
  /** Idle keep-alive, above the 60 s that load balancers commonly reuse a connection for. */
  keepAliveMs: 65_000,

  /** Memory and throughput are measured this often: in less time a fast network brings no more than the room above the budget. */
  budgetMs: 500,
  /** Above the budget for memory by this factor the session that holds most is cut, one at each measurement. */
  shedAbove: 1.25,
  /** Connections beyond MAX_SOCKETS that are told why, or are a host's dial-backs; further ones are dropped unheard. */
  surplusSockets: 256,

  /** A WebSocket is pinged this often. */
  heartbeatMs: 15_000,
  /** Unanswered pings that a viewer's signaling is forgiven. */
  signalingMisses: 2,
  /** Connections with a host are looked at this often: more seldom than an idle host pings by itself (45 s), so one that lives is never asked. */
  hostHeartbeatMs: 50_000,
  /** Silent beats that a host is forgiven: at the first it is asked… */
  hostMisses: 1,
  /** …and has so long for an answer. It is dead after 115 s at the latest; its own links notice that by themselves. */
  hostAnswerMs: 15_000,
  /** The same for the WebSocket of an app: a slow client's pong waits behind megabytes. */
  appMisses: 4,
  /** From our close frame to the end of the socket, and what a log has for its last lines. */
  closeMs: 3_000,
  /** TURN credentials live this long at most; a lost one is useless after. */
  turnCredentialMs: 8 * 3_600_000,
  /** How many names of STUN servers are looked up and kept: the server's own and the operator's few. */
  stunNames: 16,
  /** A name is looked up again after this time, because its address may change. */
  stunNameMs: 5 * 60_000,
  /** STUN responses a second, over all clients: a page load needs a handful. */
  stunResponsesPerSecond: 2_000,
} as const;
