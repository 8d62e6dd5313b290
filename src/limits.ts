/**
 * Every bound of the cluster layer, by name. A queue, table, timer or size that a peer can grow
 * has its limit here and nowhere else. Units are last in the names; sizes are bytes.
 */
export const limits = {
  /** Node names `name@host`: total bytes. */
  nodeNameMaxBytes: 255,
  /** One distribution frame, header included; larger messages travel as fragments. */
  distFrameMaxBytes: 16 * 1024 * 1024,
  /** Messages longer than this are cut into fragments of this size and interleaved. */
  distFragmentBytes: 64 * 1024,
  /** Bytes of unfinished fragmented messages held for one peer. */
  distMaxMessageBytes: 256 * 1024 * 1024,
  /** Unfinished fragmented messages of one peer. */
  distUnfinishedMessagesMax: 1024,
  /** Nesting of a term. */
  termDepthMax: 64,
  /** Values and keys in one term: a body of one-byte elements must not fill the heap. */
  termElementsMax: 4 * 1024 * 1024,
  /** Magnitude of a bigint in a term. */
  termBigintMaxBytes: 8192,
  /** A codec buffer grown beyond this is let go before the next term. */
  codecBufferKeepBytes: 256 * 1024,
  /** Bytes waiting for one peer before senders are suspended. */
  distQueueMaxBytes: 16 * 1024 * 1024,
  /** A queue this many times above `distQueueMaxBytes` ends the sending process. */
  distQueueOverflowFactor: 4,
  /** A queue above `distQueueMaxBytes` of which nothing leaves for so long ends the channel. */
  distStalledMaxMs: 60_000,
  /** Connections whose authentication or dist handshake is not complete, both directions. */
  distPendingLinksMax: 1024,
  /** Dist handshake after authentication, one monotonic deadline. */
  distHandshakeTimeoutMs: 10_000,
  /** How long a dial that yielded to the peer's own waits for that one. */
  distSimultaneousWaitMs: 10_000,
  /** How long a channel in use may stay silent when its peer, started again, asks for a new one. */
  distProbeMs: 1_000,
  /** The same when it is the very peer of that channel, which a slow network may only delay. */
  distProbeSameMs: 5_000,
  /** An orderly end of a channel is cut short when nothing comes or goes for so long. */
  distGoawayMaxMs: 3_000,
  /** A node that stops does not wait longer for its channels to end in order. */
  distLeaveMaxMs: 15_000,
  /** Ticks without a byte from the peer after which it is down. */
  distSilentTicksMax: 4,
  /** Unidirectional data streams per direction and channel. */
  distDataStreams: 8,
  /** A message on an authentication stream. */
  authMessageMaxBytes: 4096,
  /** A message of the dist handshake on the control stream. */
  distHandshakeMessageMaxBytes: 4096,
  /** Whole authentication, one monotonic deadline. */
  authHandshakeTimeoutMs: 10_000,
  /** Age of a challenge, and per-direction clock skew of a peer. */
  authTimestampWindowMs: 30_000,
  /**
   * Inbound connections of one address, an IPv4 address or an IPv6 network of 64 bits, that have
   * not proved the cookie yet, or failed to lately. Above it new ones are closed unheard.
   */
  authAttemptsPerAddressMax: 256,
  /** How many of the failed ones are forgiven per second. */
  authAttemptsForgivenPerSecond: 20,
  /** Addresses with such connections that are remembered; who failed first is forgotten. */
  authAddressesMax: 16_384,
  /** Counters and histograms of one node; those beyond are counted together. */
  metricSeriesMax: 4096,
  /** How old a look at the node's own key files may be when an authentication begins. */
  keysReadAgainMs: 1000,
  /** How long that authentication waits for a new look. */
  keysReadMaxMs: 1000,
  /** A file of 32 raw bytes is what we expect; more is refused before it is read whole. */
  keyFileMaxBytes: 4096,
  certFileMaxBytes: 64 * 1024,
  /** Pins held in memory and on disk. */
  trustedPinsMax: 100_000,
  /** A node's program has stopped by then, or what is left of it ends with the node. */
  programStopMaxMs: 25_000,
  /** A node that was asked to end has drained by then, or its program is ended. */
  drainMaxMs: 30_000,
  /** Connections of one carrier endpoint, dialled and accepted. */
  carrierConnectionsMax: 10_000,
  /** Inbound connections of one endpoint whose handshake is not complete. */
  carrierHalfOpenMax: 1024,
  /** Those of one address (IPv4) or network of 64 bits (IPv6); the oldest gives way. */
  carrierHalfOpenPerAddressMax: 64,
  /** Fruitless connection attempts per second above which dialers must prove their address. */
  carrierJunkAttemptsPerSecond: 64,
  /** Stateless resets one endpoint sends; a restarted node owes one to each of its peers. */
  carrierResetsPerSecond: 1000,
  /** Stateless reset tokens remembered per accepted connection. */
  carrierPeerResetTokensMax: 8,
  /** Connection ids of each side: a connection survives one address change less in its life. */
  carrierConnectionIdsMax: 64,
  /** How long a peer may be heard from an address only at which it cannot be reached. */
  carrierAstrayMaxMs: 3000,
  /** Datagrams on paths that leave the machine: an Ethernet frame less IPv4 and UDP headers. */
  carrierDatagramMaxBytes: 1472,
  /**
   * How long a datagram sent to learn what the path carries is waited for, and three round trips.
   */
  carrierProbeTimeoutMs: 100,
  /** Unanswered probes of one size after which the path does not carry it. */
  carrierProbesMax: 3,
  /** When a path that carried less than it might is probed again. */
  carrierProbeAgainMs: 60_000,
  /** Handshake of an inbound connection. */
  carrierHandshakeTimeoutMs: 10_000,
  /** Streams of each kind that one side of a connection may hold open. */
  carrierStreamsMax: 256,
  /** Bytes queued in one stream above which `write` answers false. */
  carrierStreamHighBytes: 256 * 1024,
  /** Bytes queued in one stream below which `onDrain` follows a false `write`. */
  carrierStreamLowBytes: 64 * 1024,
  /** Reason text of a close, cut to fit one packet. */
  carrierCloseReasonMaxBytes: 256,
  /** Unread bytes a peer may send on one stream. */
  carrierStreamWindowBytes: 1024 * 1024,
  /** Unread bytes a peer may send on one connection; at least twice the stream window. */
  carrierConnectionWindowBytes: 4 * 1024 * 1024,
  /** One post over a port between two threads. */
  carrierWorkerBatchBytes: 256 * 1024,
  /** Bytes of such posts that are read in one turn of the event loop. */
  carrierWorkerTurnBytes: 256 * 1024,
  /** Worker threads of one `startWorkers`; every two of them share a channel. */
  workersMax: 64,
  /** A worker node has started and met the others by then, or none of them starts. */
  workerStartMaxMs: 60_000,
} as const
