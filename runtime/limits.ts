/** Every bound of the runtime, by name. Units are last in the names. */
export const limits = {
  /** Live processes of one node. Spawning above it fails with `{ tag: 'systemLimit' }`. */
  processesMax: 4_194_304,
  /** Local names. */
  namesMax: 1_048_576,
  /** Names and values in one registry, together. */
  registryEntriesMax: 4_194_304,
  /** Bytes of a local name or a module name. */
  nameMaxBytes: 255,
  /** Messages one callback process handles before others get their turn. */
  messagesPerTurn: 256,
  /** Processes that run on one another's stack (`inline` of a server), one within the other. */
  inlineDepthMax: 16,
  /** Casts that wait in the mailbox of a server with `inline: { casts: true }` before it runs. */
  inlineCastsMin: 32,
  /** Links and monitors fired in one turn when a process or a node ends; the rest follow. */
  fanOutPerTurn: 250,
  /** `receive` and call timeouts, as OTP: 2^32-1 milliseconds. */
  timeoutMaxMs: 4_294_967_295,
  /** A call without `callWithin` (OTP `gen_server:call/2`). */
  callTimeoutMs: 5_000,
  /** A task that was started for an owner waits so long to be asked for its value. */
  taskClaimMs: 5_000,
  /** Timers of `sendAfter`, per node. */
  timersMax: 4_194_304,
  /** A mailbox that grows past it is reported once as a `mailboxHigh` event. */
  mailboxHighMessages: 100_000,
  /** Above so many times its bound a mailbox takes no message, whatever its policy. */
  mailboxHardFactor: 4,
  /** Active aliases of one node. */
  aliasesMax: 4_194_304,
  /** Children of one supervisor, those that do not run included. */
  supervisorChildrenMax: 4_194_304,
  /** Events one state machine has postponed. What is postponed above it is refused. */
  postponedMax: 100_000,
  /** Applications a node has loaded. */
  applicationsMax: 4_096,
  /** How long one application may take to stop when all of them must. */
  applicationStopMs: 10_000,
  /** How far up the ancestors of a process are followed. */
  ancestorsMax: 1_024,
  /** Ancestors, and links, that one crash report names. */
  crashReportPidsMax: 100,
  /** Characters of one line of the log in JSON. */
  logLineMaxChars: 65_536,
  /** Handlers installed in one event manager. */
  eventHandlersMax: 10_000,
  /** Jobs that wait for a thread of one offload pool, unless the pool says otherwise. */
  offloadQueueMax: 1_000,
  /** Hooks that `sys.install` keeps in one server. */
  sysHooksMax: 100,
  /** Events that `sys.log` keeps of one server. */
  sysLogMax: 10_000,
  /** Objects of a state that is copied to be shown; what is beyond is left out. */
  snapshotObjectsMax: 100_000,
  /** Nesting of a state that is copied to be shown. */
  snapshotDepthMax: 32,
  /** Nesting of a message in checked mode; the codec has the same bound. */
  termDepthMax: 64,
  /** Remote pids remembered per peer. Above it a peer's new pids are refused. */
  remotePidsMax: 1_048_576,
  /** Links, monitors, pending calls and spawn requests that one peer may hold here, together. */
  peerRelationsMax: 1_048_576,
} as const
