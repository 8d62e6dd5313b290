/**
 * Every bound of the cluster layer, by name. A queue, table, timer or size that a peer can grow
 * has its limit here and nowhere else. Units are last in the names; sizes are bytes.
 */
export const limits = {
  /** Node names `name@host`: total bytes. */
  nodeNameMaxBytes: 255,
  /** A period that may be given as an option; drawn a little longer, a timer still takes it. */
  optionMaxMs: 2 ** 31 - 1,
  /** One distribution frame, header included; larger messages travel as fragments. */
  distFrameMaxBytes: 16 * 1024 * 1024,
  /** Messages longer than this are cut into fragments of this size and interleaved. */
  distFragmentBytes: 128 * 1024,
  /** Byte arrays in a message that are sent from where they are, not copied first. */
  wireApartBytes: 16 * 1024,
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
  /** Bytes of one sender waiting for one peer before it is suspended. */
  distSenderQueueMaxBytes: 4 * 1024 * 1024,
  /** Bytes waiting for one peer, large messages apart, before all who send to it are suspended. */
  distQueueMaxBytes: 16 * 1024 * 1024,
  /** A queue this many times above `distQueueMaxBytes` ends the sending process. */
  distQueueOverflowFactor: 4,
  /** Bytes waiting for one peer in large messages, of all senders, before no more are taken. */
  distLargeQueueMaxBytes: 1024 * 1024 * 1024,
  /** What others said that one service has not read, half of it of one node; more is dropped. */
  distServiceBacklogMax: 20_000,
  distServiceBacklogMaxBytes: 32 * 1024 * 1024,
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
  /** Backends of discovery one node asks. */
  discoveryBackendsMax: 16,
  /** What one backend may take to answer, whatever it is asked. */
  discoveryBackendTimeoutMs: 5_000,
  /** Timeouts in a row after which a backend is not asked for a while. */
  discoveryTimeoutsMax: 3,
  discoveryRestMs: 30_000,
  /** Node names about which something is remembered; what was learned first is forgotten. */
  discoveryCacheMax: 4096,
  /** Nodes of which hearsay about addresses is kept, and how many names of each. */
  discoveryTellersMax: 64,
  discoveryHintsPerTellerMax: 128,
  /** How long a node's addresses are remembered. */
  discoveryHitMs: 30_000,
  /** How long it is remembered that nobody knew any. */
  discoveryMissMs: 1_000,
  /** Node names being asked about at a time; more are not found. */
  discoveryLookupsMax: 1024,
  /** Addresses of one node that are tried. */
  discoveryAddressesMax: 8,
  /** Names in a list of nodes, and files in a directory of endpoints. */
  discoveryNamesMax: 100_000,
  /** A host and a port as JSON. */
  endpointFileMaxBytes: 1024,
  /** One question to DNS, and when it is asked again within. */
  discoveryQuestionMaxMs: 2_000,
  discoveryQuestionAgainMs: 750,
  /** Targets of SRV records that are resolved for one lookup. */
  discoveryTargetsMax: 4,
  /** What a node that stops waits for its goodbye to the cluster, twice. */
  clusterLeaveMaxMs: 1_000,
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
  /** How long a datagram that probes the path is waited for, and three round trips. */
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
  /** The same on loopback, where a larger window is only a longer queue. */
  carrierLoopbackWindowBytes: 512 * 1024,
  /** One post over a port between two threads. */
  carrierWorkerBatchBytes: 256 * 1024,
  /** Bytes of such posts that are read in one turn of the event loop. */
  carrierWorkerTurnBytes: 256 * 1024,
  /** Topic of a broadcast. */
  broadcastTopicMaxChars: 255,
  /** One broadcast, encoded. Larger things travel on streams. */
  broadcastPayloadMaxBytes: 1024 * 1024,
  /** An id that the caller of a broadcast chose. */
  broadcastKeyMaxChars: 255,
  /** Ids, streams or numbers in one list of a broadcast message; longer ones are cut. */
  broadcastIdsMax: 1024,
  /** Links a broadcast is counted to have passed; more is not told apart. */
  broadcastRoundMax: 65_535,
  /** Broadcasts of one node between two starts: eight digits of base 36. */
  broadcastCounterMax: 36 ** 8 - 1,
  /** Parts in which two nodes compare what they have seen. */
  broadcastBuckets: 32,
  /** Origins, by their starts, whose counters are followed; the longest silent is forgotten. */
  broadcastStreamsMax: 16_384,
  /** Gaps followed in the counters of one of them. */
  broadcastHolesMax: 32,
  /** Streams one node tells another of in one message. */
  broadcastSummariesMax: 256,
  /** Missed broadcasts offered at a time, and their bytes. */
  broadcastOfferMax: 256,
  broadcastOfferMaxBytes: 4 * 1024 * 1024,
  /** Ids of broadcasts remembered to tell duplicates. */
  broadcastRememberedMax: 50_000,
  /** Bytes of broadcasts held for those who ask. */
  broadcastBodiesMaxBytes: 64 * 1024 * 1024,
  /** Broadcasts announced and not here yet; those that one neighbour announced first. */
  broadcastMissingMax: 16_384,
  broadcastMissingPerPeerMax: 2048,
  /** Neighbours remembered to have announced the same broadcast. */
  broadcastAnnouncersMax: 8,
  /** Broadcasts, and their bytes, sent to one neighbour because it asks for them. */
  broadcastAnswersPerSecondMax: 2048,
  broadcastAnswerBytesPerSecondMax: 32 * 1024 * 1024,
  /** Digests and their details heard of one neighbour. */
  broadcastDigestsPerSecondMax: 8,
  /** Announced broadcasts that a neighbour then did not send before it is not listened to. */
  broadcastBrokenPromisesMax: 64,
  /** For how long, and the time within which they count. */
  broadcastMuteMs: 60_000,
  /** Worker threads of one `startWorkers`; every two of them share a channel. */
  workersMax: 64,
  /** A worker node has started and met the others by then, or none of them starts. */
  workerStartMaxMs: 60_000,
  /** Peers a node gossips with, whatever the options say. */
  membershipActiveMax: 64,
  /** Spare peers a node knows. */
  membershipPassiveMax: 1024,
  /** A peer to which nothing can be sent for so long, because too much waits, has failed. */
  membershipBusyFailedMs: 10_000,
  /** Steps of a membership walk; a longer one is malformed. */
  membershipTtlMax: 32,
  /** Nodes named in one membership message. */
  membershipPeersMax: 32,
  /** Lost nodes of which one shuffle tells when they were last tried. */
  membershipTriedMax: 8,
  /** Nodes with which a join, a proposal or a dial is under way. */
  membershipPendingMax: 64,
  /** Failed nodes that wait for their next try. */
  membershipFailedMax: 64,
  /** Names of nodes that were met and cannot be reached. */
  membershipLostMax: 1024,
  /** Contact nodes. */
  membershipContactsMax: 64,
  /** Shuffles whose replies are waited for. */
  membershipShufflesMax: 8,
  /** Former peers whose late messages are still taken. */
  membershipFormerMax: 16,
  /** Nodes whose requests are counted at a time. */
  membershipRequestersMax: 256,
  /** Nodes that can be blocked at a time. */
  membershipBlockedMax: 10_000,
  /** What a node says of itself to the cluster: fields, and characters of names and values. */
  memberMetadataFieldsMax: 32,
  memberMetadataMaxChars: 1024,
  memberVersionMaxChars: 64,
  /** Nodes known, live and dead. Names heard of only through others find no room above it. */
  membersMax: 20_000,
  /** Names forgotten of which the last incarnation is kept, so that old news cannot revive them. */
  memberMarksMax: 20_000,
  /** Nodes one node probes at the same time. */
  verdictProbesMax: 64,
  /** Nodes one node probes at the same time for others, and for one of them. */
  verdictRelaysMax: 64,
  verdictRelaysPerPeerMax: 8,
  /** Messages and news taken from one node: at once, and again per second. */
  verdictMessagesBurst: 20_000,
  verdictMessagesPerSecond: 1_000,
  /** Suspicions taken from broadcasts that name one accuser: at once, and again per minute. */
  verdictAccusationsBurst: 32,
  verdictAccusationsPerMinute: 32,
  /** Those one node tells us alone, as when a partition heals. */
  verdictToldBurst: 2_000,
  verdictToldPerMinute: 2_000,
  /** Accusers that are counted each for itself; the others share. */
  verdictAccusersMax: 64,
  /** Senders whose messages are counted each for itself; the others share. */
  verdictSendersMax: 16,
  /** Differences of two member tables in one message: parts compared, parts listed, in each. */
  verdictPartsMax: 16,
  verdictListingsMax: 64,
  verdictListedMax: 256,
  /** Members described in one message. */
  verdictEntriesMax: 128,
  /** A timestamp's wall part, in the year 10889: far enough from what a number holds. */
  hlcWallMaxMs: 2 ** 48 - 1,
  /** How far ahead of its own wall clock a node takes timestamps to be true. */
  hlcMaxDriftMs: 3_600_000,
  /** Key of a multi-writer map. */
  crdtKeyMaxChars: 65_536,
  /** Keys of one multi-writer map, removed ones that are not forgotten yet included. */
  crdtKeysMax: 1_000_000,
  /** Nodes of which such a map follows what it has seen. */
  crdtNodesMax: 20_000,
  /** How long a node that confirms nothing keeps the others from forgetting removals: a week. */
  crdtHorizonMs: 7 * 24 * 3_600_000,
  /** Name of a store as a file name, percent-encoded. */
  logNameMaxChars: 200,
  /** One record of a log, encoded. */
  logRecordMaxBytes: 64 * 1024 * 1024,
  /** A log, and a snapshot. */
  logFileMaxBytes: 1024 * 1024 * 1024,
  /** Records that wait for a slow disk. */
  logQueueMaxBytes: 64 * 1024 * 1024,
  /** Entries of a map that a snapshot takes at a time. */
  logEntriesPerTerm: 1024,
  /** Names one node has registered in the cluster. */
  serviceNamesMax: 262_144,
  /** A name that is neither string nor number, as canonical bytes; containers it may travel in. */
  serviceNameMaxBytes: 1024,
  serviceNameWithinMax: 8,
  /** What a process says of itself with its name, encoded. */
  serviceMetadataMaxBytes: 16 * 1024,
  /** Why a name went, encoded, as other nodes are told; larger reasons are cut to their tag. */
  serviceReasonMaxBytes: 1024,
  serviceTagMaxChars: 255,
  /** Lookups that wait for a name to appear. */
  serviceWaitersMax: 65_536,
  /** How long they wait unless told. */
  serviceLookupMs: 1_000,
  /** Entries of one author in a table, and their bytes: keys, values, what these are built of. */
  tableEntriesMax: 262_144,
  tableMaxBytes: 128 * 1024 * 1024,
  /** Those of all authors; above it only who has less than its share gets more. */
  tableAllEntriesMax: 2_000_000,
  tableAllMaxBytes: 512 * 1024 * 1024,
  /** A key, in characters, and an encoded value. */
  tableKeyMaxChars: 64 * 1024,
  tableValueMaxBytes: 64 * 1024,
  /** Why an entry was removed, encoded; larger causes are not told. */
  tableCauseMaxBytes: 2 * 1024,
  /** Changes of its own table that a node can tell one by one; and the characters of their keys. */
  tableLogMax: 65_536,
  tableLogMaxBytes: 8 * 1024 * 1024,
  /** Name of a replica, in characters. */
  replicaNameMaxChars: 200,
  /** One part of a transfer: bytes, unless one entry is longer, and entries. */
  replicaChunkMaxBytes: 64 * 1024,
  replicaChunkOpsMax: 128,
  /** Parts on their way to one node that it has not acknowledged. */
  replicaChunksUnheardMax: 4,
  /** Nodes that are being sent a table at a time; others ask again later. */
  replicaSendsMax: 256,
  /** A node that acknowledges nothing for so long is not sent the rest. */
  replicaSendStalledMs: 10_000,
  /** Changes in a broadcast; when they are more, nodes ask for them. */
  replicaDeltaMaxBytes: 16 * 1024,
  /** Entries looked at, in one turn, while what is left over is removed. */
  replicaSweepMax: 1024,
  /** Authors in one message about what is known of them. */
  replicaHeadsMax: 1024,
  /** Authors asked at a time, and questions per second. */
  replicaPullsMax: 32,
  replicaPullsPerSecondMax: 512,
  /** Authors whose table is not here and that are to be asked when they come. */
  replicaMissedMax: 20_000,
  /** Nodes whose messages are counted each for itself; who was silent longest is forgotten. */
  replicaSendersMax: 1024,
  /** Pieces of one snapshot of a program's replica, and of one update. */
  replicaPiecesMax: 1_000_000,
  replicaUpdateMax: 4096,
  /** Global names that processes of one node have; characters of what one is known by. */
  globalNamesMax: 100_000,
  globalKeyMaxChars: 256,
  /** How often resolvers may take a global name from one another. */
  globalRankMax: 8,
  /** When a node that has a disputed name is asked again whether it does. */
  globalAskAgainMs: 1_000,
  /** What a resolver may take, and each side to show it its state. */
  globalResolverMaxMs: 5_000,
  globalStateMaxMs: 1_000,
  /** Who lost a global name and reads the signal as mail is ended without it. */
  globalStopMaxMs: 5_000,
  /** Resolvers at work at a time; conflicts beyond wait. */
  globalResolversMax: 64,
  /** What names a process group, encoded. */
  groupKeyMaxBytes: 1_024,
  /** How often one process may be in one group, and those of one node in all groups together. */
  groupJoinsMax: 100,
  groupMembershipsMax: 100_000,
  /** Hops that a search or a relayed packet may make. */
  routeTtl: 5,
  /** A search of the overlay, all its hops together. */
  routeDeadlineMs: 5_000,
  /** Searches and packets of others that one node works on; of one neighbour; its own searches. */
  routerMaxInFlight: 256,
  routerInFlightPerPeerMax: 64,
  routerOwnMax: 256,
  /** Searches remembered, so that none is handed on twice. */
  routeSeenMax: 4096,
  /** Ways remembered to services, and to nodes; for how long, and when the old ones are removed. */
  routeCacheMax: 4096,
  routeCacheTtlMs: 1_800_000,
  routeCacheSweepPeriodMs: 60_000,
  /** A call, message or answer that is relayed, encoded; those of this node on their way. */
  relayBodyMaxBytes: 1024 * 1024,
  relaysOwnMax: 256,
  /** Proxies of one node, and processes that hold one of them. */
  proxiesMax: 4096,
  proxyHoldersMax: 4096,
  /** A proxy that nobody has held for so long ends; a call through one may take so long. */
  proxyUnheldMaxMs: 60_000,
  proxyCallTimeoutMs: 10_000,
  /** Calls of one proxy whose answers are waited for. */
  proxyCallsMax: 4096,
  /** Messages of one proxy on their way by relays; those beyond are dropped. */
  proxyCastMaxInFlight: 32,
  /** Messages that wait in a proxy while it dials, and in its mailbox before senders are held. */
  proxyWaitingMax: 1024,
  proxyMailboxMax: 4096,
  /** How long they wait before they are relayed, and when a node is dialled again in vain. */
  proxyDialPatienceMs: 1_000,
  proxyDialAgainMs: 10_000,
} as const
