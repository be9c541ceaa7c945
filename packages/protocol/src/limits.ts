const KIB = 1024;
const MIB = 1024 * KIB;

/** Every cap and deadline that more than one package relies on; bytes end in Bytes, times in Ms. */
export const LIMITS = {
  /** One carrier message. Every WebRTC engine sends 64 KiB whole; one of them closes the channel above 256 KiB. */
  maxMessageBytes: 64 * KIB,
  /** Head of a request or response. Node's own servers refuse request heads above 16 KiB; this leaves room for large cookies. */
  maxHeadBytes: 48 * KIB,
  /** One body frame: large enough that per-message costs vanish, small enough to be fair on a slow path. */
  bodyChunkBytes: 48 * KIB,
  /** A whole WebSocket message, which a page has to put together. */
  maxWebSocketMessageBytes: 32 * MIB,
  /**
   * What the host, and the tunnel server for each session, hold of WebSocket messages: parts of one that has
   * not come whole, and whole ones that wait for the link. Sockets share it fairly: one alone has half of it,
   * which is the largest message and what its chunks cost.
   */
  webSocketHeldBytes: 128 * MIB,
  /** What each socket may hold whatever the others do, so that small messages pass at all times. */
  webSocketFloorBytes: 128 * KIB,
  /** Counted on top of each chunk from the network: what its buffer costs, so that tiny ones can't pile up for nothing. */
  webSocketChunkBytes: 512,
  /** From the first bytes of a message to its last: the largest one at 2.2 Mbit/s. */
  webSocketMessageMs: 120_000,
  /** Queued towards one socket before the next part waits; the system's own buffers hold more. */
  webSocketQueueBytes: 64 * KIB,

  /** What a stream may send before its reader has taken anything: 25 MiB/s at 80 ms round trip. */
  streamWindowBytes: 2 * MIB,
  /** What all streams of a link together may have unread at the receiver: bounds a viewer's cost. */
  linkWindowBytes: 32 * MIB,
  /** Streams open at once on one link: an unbundled app asks for about a thousand modules in one go. */
  maxStreams: 4096,
  /** Streams a peer may reset within the window: a page that is left while it loads resets all of its own, twice. */
  maxResetsPerWindow: 8192,
  resetWindowMs: 10_000,

  /** Unacknowledged frames kept for replay: the bandwidth-delay product of 100 Mbit/s at 320 ms. */
  retransmitBytes: 4 * MIB,
  /** Frames kept for replay; small frames reach this cap before the byte cap. */
  retransmitFrames: 8192,
  /** Room above the two caps for control frames (credit, resets), which are never held back. */
  retransmitReserveFrames: 16384,

  /** Acknowledge at the latest after so many bytes… */
  ackEveryBytes: 1 * MIB,
  /** …or so many frames… */
  ackEveryFrames: 64,
  /** …or after this time, so that a quiet link's queue empties too. */
  ackDelayMs: 50,

  /** A heartbeat on every carrier this often. */
  heartbeatMs: 2_000,
  /** The carrier in use has it this often while something is under way, to notice a dead path within a second. */
  busyHeartbeatMs: 150,
  /** A suspected carrier is asked this often whether it has recovered. */
  suspectHeartbeatMs: 1_000,
  /** A carrier that owes an answer for this long is suspected, if its round trip allows: eight round trips of 50 ms. */
  suspectAfterMs: 400,
  /** After a switch, what is unacknowledged on the old carrier so long after it was sent goes out again on the new one. */
  stragglerMs: 400,
  /** A carrier that has been silent for this long is dead. */
  deadAfterMs: 10_000,
  /** A carrier that brings messages but no answer to a ping for this long is dead: a full buffer on a 200 kbit/s path takes 20 s. */
  deafAfterMs: 30_000,
  /** After a direct path was lost or suspected, a new one has to hold for so long before it is used… */
  p2pSettleMs: 3_000,
  /** …twice as long after each failure that follows, up to this… */
  p2pSettleMaxMs: 60_000,
  /** …within this time. */
  p2pForgiveMs: 120_000,
  /** A direct path suspected for so long, while the relay answers, is given up for a fresh one. */
  p2pHopelessMs: 3_000,

  /** The measurements of both paths are compared this often. */
  qualityLookMs: 1_000,
  /** A direct path counts as slow after so long: a burst of traffic alone must not move anything. */
  slowForMs: 3_000,
  /** An answer that waits so much longer than on the idle path: our 512 KiB in front of it drain at less than 4 Mbit/s. */
  slowQueueMs: 1_000,
  /** A direct round trip may be twice the relay's and this; more is a detour. */
  detourMs: 50,
  /** The relay keeps the traffic of a slow direct path for so long, twice as long after each time… */
  demotionMs: 30_000,
  /** …up to this. */
  demotionMaxMs: 600_000,
  /** To keep it, the relay has to deliver so many times what the direct path did. */
  clearlyBetter: 1.2,
  /** A direct path that was no worse is not judged again for so long. */
  acquittalMs: 60_000,

  /** A link without a carrier waits this long for one before everything pending ends. */
  linkGraceMs: 60_000,
  /** From a new carrier to its proof of the key. */
  handshakeMs: 10_000,
  /** A handshake message; the largest is below 300 bytes. */
  maxHandshakeBytes: 1 * KIB,
  /** Messages kept between a carrier's birth and the moment its reader starts. */
  maxEarlyMessages: 64,
  /** Initiator nonces remembered for one prekey, so that a first flight can't be played again. */
  maxPrekeyNonces: 4096,

  /** Above this a carrier reports itself not writable. */
  carrierHighWaterBytes: 512 * KIB,
  /** Below this it reports itself writable again. */
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
  /** The end of a small body is waited for so long: it follows its head in a frame or two. */
  smallBodyWaitMs: 5,
  /** The other end of a shared port is looked for this often: it acknowledges each stream at once… */
  signMs: 5_000,
  /** …and is gone after so many looks. A thread that is busy for 15 s is as good as gone. */
  signLooks: 3,
} as const;
