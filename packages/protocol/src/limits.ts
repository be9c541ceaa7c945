const KIB = 1024;
const MIB = 1024 * KIB;

/** Every cap and deadline that more than one package relies on. Names of bytes end in Bytes, names of times in Ms. */
export const LIMITS = {
  /** One carrier message. Every WebRTC engine sends 64 KiB whole; one of them closes the channel above 256 KiB. */
  maxMessageBytes: 64 * KIB,
  /** Head of a request or response. Node's own servers refuse request heads above 16 KiB; this leaves room for large cookies. */
  maxHeadBytes: 48 * KIB,
  /** A head that may go packed, as it is when unpacked: a few bytes of the peer become no more than this. Node's own servers take no larger heads. */
  packedHeadBytes: 16 * KIB,
  /** Pieces of heads that each end of a link keeps: the fields and targets of a page of some hundred files. */
  headSlots: 1024,
  /** A longer piece is not kept. With the slots this bounds what a peer can have us keep: 1 MiB for a link. */
  headPieceBytes: 1 * KIB,
  /** What one stream may send while others wait, in bytes; its last frame may go beyond. A page's modules are smaller. */
  turnBytes: 16 * KIB,
  /** One body frame: large enough that per-message costs vanish, small enough to be fair on a slow path. */
  bodyChunkBytes: 48 * KIB,
  /** The text by which viewers know who shares: a name and a team, on one or two lines of a telephone. */
  sharedByChars: 60,
  /** A whole WebSocket message, which a page has to put together. */
  maxWebSocketMessageBytes: 32 * MIB,
  /**
   * What the host, and the tunnel server for each session, hold of WebSocket messages: parts of messages that have
   * not come whole, and whole messages that wait for the link. Sockets share this amount fairly. One socket alone
   * may have half of it, which is the largest message and the cost of its chunks.
   */
  webSocketHeldBytes: 128 * MIB,
  /** What each socket may hold in any case, so that small messages pass at all times. */
  webSocketFloorBytes: 128 * KIB,
  /** Counted on top of each chunk from the network for the cost of its buffer, so that tiny chunks can't pile up free of charge. */
  webSocketChunkBytes: 512,
  /** From the first bytes of a message to its last: the largest message at 2.2 Mbit/s. */
  webSocketMessageMs: 120_000,
  /** Bytes that are queued towards one socket before the next part waits. The system's own buffers hold more. */
  webSocketQueueBytes: 64 * KIB,

  /** What a stream may send before its reader has taken anything: enough for 25 MiB/s at 80 ms round trip. */
  streamWindowBytes: 2 * MIB,
  /** …and later, while its reader keeps up: over several lanes a lost packet holds up what has come on the others, for 0.3 s and more. */
  widestWindowBytes: 8 * MIB,
  /** What all streams of a link together may have unread at the receiver. This bounds the cost of a viewer. */
  linkWindowBytes: 32 * MIB,
  /** Streams open at once on one link: an unbundled app asks for about a thousand modules in one go. */
  maxStreams: 4096,
  /** Streams that a peer may reset within the window: twice as many as a page that is left while it loads. */
  maxResetsPerWindow: 8192,
  resetWindowMs: 10_000,

  /** Unacknowledged frames kept for replay: the bandwidth-delay product of 100 Mbit/s at 320 ms. */
  retransmitBytes: 4 * MIB,
  /** Frames kept for replay; small frames reach this cap before the byte cap. */
  retransmitFrames: 8192,
  /** Room above the two caps for control frames (credit, resets), which are never held back. */
  retransmitReserveFrames: 16384,

  /**
   * A lane may have this many times as much under way as it delivers in its shortest round trip, and as much again as it
   * delivers in the slack. That suffices to find out that the lane could deliver more, and queues only some milliseconds.
   */
  flightGain: 1.25,
  /** Answers may be late by this much, because threads take turns. */
  flightSlackMs: 8,
  /** The gain while the rate still grows: the least that doubles the rate in each round trip (BBR: 2 / ln 2). */
  flightStartGain: 2.89,
  /** Under way on a lane while only its round trip is known. TCP starts with a tenth of this, but pings follow the frames here. */
  flightStartBytes: 128 * KIB,
  /** What may be under way on any lane: a frame and part of the next, so that the slowest lane never runs dry. */
  flightLeastBytes: 64 * KIB,

  /** Lanes of a direct path. Two or three are as fast as TCP at a round trip of 30 ms, and each costs a socket and a handshake. */
  maxLanes: 4,
  /** The bytes of a direct path are counted this often, to decide whether the path needs more lanes or fewer. */
  lanesLookMs: 500,
  /** A direct path that carries at least this rate, in bytes a second, is loaded. The requests of an ordinary page stay below… */
  lanesBulkPerSecond: 1 * MIB,
  /** …and when it is far, 1 Mbit/s: a window that has fallen carries no more for long. */
  lanesBulkPerSecondFar: 128 * KIB,
  /** This many looks in a row have to find the path loaded. A page's burst is over before another lane would be open. */
  lanesBulkLooks: 3,
  /** The shortest round trip at which further lanes are made. Below, as on one machine or in a LAN, one lane is as fast as several. */
  lanesRoundTripMs: 10,
  /** A path with this round trip or more is far: a window that has fallen takes tens of seconds to grow. At 30 ms both engines of a host are as fast. */
  farRoundTripMs: 40,
  /** A new lane is judged by the rate after this time. The window of the lane needs this long to grow. */
  lanesSettleMs: 1_500,
  /** A new lane was worth its cost if the path delivers this many times as much as before. */
  lanesGain: 1.1,
  /** A path has become slow when it delivers less than this share of its best rate. */
  lanesFallen: 0.75,
  /** Further lanes are closed when the path has not been loaded for this long. */
  lanesIdleMs: 15_000,
  /** When a lane could not be made, the next attempt waits this long. The wait doubles with each further failure. */
  lanesRetryMs: 10_000,

  /** Acknowledge at the latest after this many bytes… */
  ackEveryBytes: 1 * MIB,
  /** …or this many frames… */
  ackEveryFrames: 64,
  /** …or after this time, so that a quiet link's queue empties too. */
  ackDelayMs: 50,

  /** Every carrier has a heartbeat this often. */
  heartbeatMs: 2_000,
  /** A carrier of a link that nobody watches, and on which nothing is under way, is asked as rarely as this by the opener… */
  calmHeartbeatMs: 45_000,
  /** …and by the acceptor after so many times as long, still before proxies cut what is silent for 60 s (nginx, load balancers). */
  acceptorPatience: 1.25,
  /** The carrier in use has a heartbeat this often while something is under way, to notice a dead path within a second. */
  busyHeartbeatMs: 150,
  /** A suspected carrier is asked this often whether it has recovered. */
  suspectHeartbeatMs: 1_000,
  /** A carrier that owes an answer for this long is suspected: eight round trips of 50 ms. A long round trip prolongs this. */
  suspectAfterMs: 400,
  /** After a switch, a frame that is still unacknowledged on the old carrier this long after it was sent goes out again on the new one. */
  stragglerMs: 400,
  /** A carrier that has been silent for this long is dead. */
  deadAfterMs: 10_000,
  /** A carrier that brings messages but no answer to a ping for this long is dead. A full buffer on a 200 kbit/s path takes 20 s. */
  deafAfterMs: 30_000,
  /** After a direct path was lost or suspected, a new one has to hold for this long before it is used… */
  p2pSettleMs: 3_000,
  /** …twice as long after each failure that follows, up to this… */
  p2pSettleMaxMs: 60_000,
  /** …within this time. */
  p2pForgiveMs: 120_000,
  /** A fresh direct path after a single failure has to hold for this long: three heartbeats of a carrier in use. */
  p2pFreshMs: 500,
  /** A direct path that is suspected for this long, while the relay answers, is given up for a fresh one. */
  p2pHopelessMs: 3_000,

  /** The measurements of both paths are compared this often. */
  qualityLookMs: 1_000,
  /** A direct path counts as slow after this long, so that a burst of traffic alone moves nothing. */
  slowForMs: 3_000,
  /** A path is slow when an answer waits this much longer than on the idle path: the 64 KiB before it drain at less than 2 Mbit/s. */
  slowQueueMs: 300,
  /** A direct round trip may be twice the relay's plus this. A longer one is a detour. */
  detourMs: 50,
  /** The relay carries instead of a slow direct path for this long, and twice as long each further time… */
  demotionMs: 30_000,
  /** …up to this. */
  demotionMaxMs: 600_000,
  /** The relay has to deliver this many times what the direct path did, or the direct path is taken back. */
  clearlyBetter: 1.2,
  /** A way by TURN has to shorten the round trip by at least this much, too. Less is noise, and the relay carries bulk faster. */
  turnGainMs: 5,
  /**
   * Bulk goes over the relay if the relay has carried this many times as much as the direct path does. Below that, sparing
   * the relay counts for more.
   */
  relayBetter: 1.5,
  /** A direct path that carries this much in a second, 4 Mbit/s, may have to give way to the relay. Most apps send less by themselves. */
  relayTrialFrom: 512 * KIB,
  /** If nobody knows what the relay carries, the relay is tried when the direct path carries less than this in a second… */
  relayTrialBelow: 2 * MIB,
  /** …or, where the direct path is far, between these two: with a loss of 1 % and 100 ms, one lane carries 140 KiB… */
  relayTrialFromFar: 64 * KIB,
  relayTrialBelowFar: 6 * MIB,
  /** …for this long, because the window of TCP has to grow… */
  relayTrialMs: 4_000,
  /** …and not more often than this. */
  relayTrialAgainMs: 600_000,
  /** A direct path that was acquitted is not judged again for this long. */
  acquittalMs: 60_000,

  /** A link without a carrier waits this long for one. Then everything that is pending fails. */
  linkGraceMs: 60_000,
  /** From a new carrier to the peer's proof of the key. */
  handshakeMs: 10_000,
  /** A handshake message; the largest is below 300 bytes. */
  maxHandshakeBytes: 1 * KIB,
  /** Messages kept between a carrier's birth and the moment its reader starts. */
  maxEarlyMessages: 64,
  /** Initiator nonces that are remembered for one prekey, so that a first flight can't be played again. */
  maxPrekeyNonces: 4096,

  /** A carrier with more than this in its queue reports that it is not writable. */
  carrierHighWaterBytes: 512 * KIB,
  /** A carrier with less than this reports that it is writable again. */
  carrierLowWaterBytes: 256 * KIB,
} as const;

/** Caps on a body that goes over a MessagePort, from one thread of a browser to another. */
export const PORT_LIMITS = {
  /** Body bytes one side of a port may send before the other has taken any: hides the hop between two threads. */
  windowBytes: 1 * MIB,
  /** Credit goes back once so much has been taken: a message per chunk would cost more than the chunk. */
  creditBytes: 512 * KIB,
  /** One body chunk on a port. */
  chunkBytes: 256 * KIB,
  /** A body that is there as a whole, and no larger, travels with its head: three messages become one. */
  smallBodyBytes: 64 * KIB,
  /** The end of a small body is waited for so long. It follows its head in a frame or two, which a busy thread reads late. */
  smallBodyWaitMs: 50,
  /** While the other end of a shared port owes a sign of life, that end is asked for one this often… */
  signMs: 5_000,
  /** …and is gone after this many questions. A thread that is busy for 15 s is as good as gone. */
  signLooks: 3,
} as const;

/** Caps on what goes over a push stream. Plain numbers, which bundles leave out where nothing is pushed. */
export const PUSH_LIMITS = {
  /** One body: what a viewer keeps in memory, and passes on in one message. Larger ones are asked for by the page. */
  bodyBytes: 65_536,
  /** One record: such a body, and the largest head. */
  recordBytes: 131_072,
  /** What a viewer holds that its page has not asked for yet. The host sends no more before some of it has gone. */
  unclaimedBytes: 4_194_304,
} as const;

/**
 * What measuring may take, of a host and all of its viewers together: the app uses the same paths. Plain numbers, which
 * bundles leave out where nobody measures.
 */
export const SPEED_LIMITS = {
  /** Of one request, in either direction… */
  requestBytes: 2_097_152,
  /** …and its time. A slow path carries less in it. */
  requestMs: 10_000,
  /** At the same time; a stress test has so many. */
  requests: 16,
  /** In a minute: a measurement and a stress test, or so. */
  minuteBytes: 67_108_864,
  /** In a minute, something is measured for so long: the app has two thirds of the time for itself. */
  minuteMs: 20_000,
} as const;

/** Apart from the others, because the shim, which is in every document, needs nothing else of this file. */
export const COOKIE_LIMITS = {
  /** Names of cookies that scripts have written: they go with every request. The oldest are forgotten first. */
  scriptedNames: 64,
} as const;
