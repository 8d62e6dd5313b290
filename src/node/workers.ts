/**
 * Nodes on worker threads of this OS process, for work that needs more than one core: `spawnAt`
 * reaches them as it reaches any node. Each is a node of its own, with its own modules, processes
 * and names; nothing is shared, and messages between them are copied.
 *
 * They trust one another by keys made here, in memory, for this one time: no other node can take
 * the place of one, and none of it is on a disk. Every two of them share a channel of the process.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { WorkerEndpoint } from '../carrier/worker/endpoint.ts'
import { mesh } from '../carrier/worker/mesh.ts'
import { generateKeypair, type TrustStore } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { type Companion, companionsOf, type Node, partsOf } from './node.ts'
import { StartError } from './start-error.ts'
import type { WorkerTask } from './worker-main.ts'
import { type TeamMember, tasksOf } from './worker-plan.ts'
import { WorkerThread } from './worker-thread.ts'

export type WorkersOptions = {
  /** How many, from 1 to 64. As many as the machine has processors, less one for this node. */
  readonly count: number
  /**
   * The module that says what they run: `new URL('./program.ts', import.meta.url)`. It exports
   * `modules`, and may export `options` for `startNode` (`WorkerOptions`).
   */
  readonly program: URL
  /** They are named `<name>-1@<host>`, `<name>-2@<host>`, on this node's host. Default `worker`. */
  readonly name?: string
  /** Megabytes of heap of one thread; a node that needs more is lost. Default: Node's. */
  readonly heapMaxMb?: number
}

export type WorkerNode = {
  readonly name: string
  /** Stops it in order, within 30 s. Its node stops it too, before itself. */
  stop(): Promise<void>
}

const namePattern = /^[A-Za-z0-9_-]{1,64}$/
/** A stand-in for a certificate needs no structure, only to be nobody else's. */
const certBytes = 32

/**
 * Starts nodes on threads. Resolves when all have started and are connected with `node` and with
 * each other; if one cannot, none is left. Throws `BadArgument` for a bad option, and `StartError`
 * with reason `noWorkerCarrier` (the node was started without `workerCarrier()`), `noThreads`
 * (where none can be, as in simulation), `stopped`, `keyMismatch` (another node has such a name),
 * or `workerFailed`, whose message says which one failed and why.
 */
export async function startWorkers(
  node: Node,
  options: WorkersOptions,
): Promise<readonly WorkerNode[]> {
  const { count, program, name = 'worker', heapMaxMb } = checkWorkers(options)
  const { system, endpoint, auth } = groundOf(node)
  const names = Array.from({ length: count }, (_, at) => `${name}-${at + 1}${hostOf(node)}`)
  if (names.includes(node.name)) {
    throw new StartError('keyMismatch', `startWorkers: ${node.name} is the name of this node`)
  }
  const { random } = system.platform
  const members = names.map((member) => ({
    name: member,
    address: endpoint.newAddress(),
    keypair: generateKeypair(random),
    certDer: random.bytes(certBytes),
  }))
  const { publicKey } = await auth.keys.current()
  await hold(auth.trust, members)
  const companions = companionsOf(node)
  if (companions === undefined) {
    release(auth.trust, members)
    throw stopped(node)
  }
  const leader = {
    name: node.name,
    address: endpoint.workerAddress,
    publicKey,
  }
  const links = mesh([leader, ...members].map(({ address }) => address))
  for (const { address, port } of links[0] ?? []) endpoint.link(address, port)
  const inherited = inheritedOf(node)
  const tasks = tasksOf({ leader, members, links, program, inherited })
  const threads = tasks.map((task) => startThread(node, companions, task, heapMaxMb))
  try {
    await Promise.all(threads.map(({ started }) => started))
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.end()))
    throw error
  }
  return threads
}

/** Throws `BadArgument` naming the field and the value. */
function checkWorkers(options: WorkersOptions): WorkersOptions {
  if (typeof options !== 'object' || options === null) refuse('options', 'an object', options)
  const { count, program, name, heapMaxMb } = options
  const known = ['count', 'program', 'name', 'heapMaxMb']
  const foreign = Object.keys(options).find((key) => !known.includes(key))
  if (foreign !== undefined) refuse('options', `only ${known.join(', ')}`, foreign)
  if (!Number.isInteger(count) || count < 1 || count > limits.workersMax) {
    refuse('count', `a whole number from 1 to ${limits.workersMax}`, count)
  }
  if (!(program instanceof URL)) {
    refuse('program', "a URL, such as new URL('./program.ts', import.meta.url)", program)
  }
  if (name !== undefined && !(typeof name === 'string' && namePattern.test(name))) {
    refuse('name', 'up to 64 letters, digits, - and _', name)
  }
  if (heapMaxMb !== undefined && !(Number.isInteger(heapMaxMb) && heapMaxMb >= 1)) {
    refuse('heapMaxMb', 'a whole number from 1', heapMaxMb)
  }
  return options
}

/** What a node needs in order to have workers. */
function groundOf(node: Node) {
  const { system, dist } = partsOf(node)
  const endpoint = dist?.endpoint
  const auth = dist?.router.auth
  if (auth === undefined || !(endpoint instanceof WorkerEndpoint)) {
    const message = `${node.name} has no worker carrier: start it with carrier: workerCarrier()`
    throw new StartError('noWorkerCarrier', message)
  }
  if (system.platform.parallelism === 0) {
    throw new StartError('noThreads', `${node.name}: no threads can be started here`)
  }
  if (companionsOf(node) === undefined) throw stopped(node)
  return { system, endpoint, auth }
}

/** What workers take over; their program may set what is about themselves differently. */
function inheritedOf(node: Node): WorkerTask['inherited'] {
  const { system, options } = partsOf(node)
  const { cookie, authEnabled, signer, tickMs } = options
  return {
    checked: system.checked,
    exposeStacks: system.exposeStacks,
    ...(cookie !== undefined && { cookie }),
    ...(authEnabled !== undefined && { authEnabled }),
    ...(signer !== undefined && { signer }),
    ...(tickMs !== undefined && { tickMs }),
  }
}

/** Pins the keys of all or of none. */
async function hold(trust: TrustStore, members: readonly TeamMember[]): Promise<void> {
  for (const [at, { name, keypair }] of members.entries()) {
    const result = await trust.holdKey(name, keypair.publicKey)
    if (result.tag === 'ok') continue
    release(trust, members.slice(0, at))
    throw new StartError(result.reason, `startWorkers: ${result.message}`)
  }
}

function release(trust: TrustStore, members: readonly TeamMember[]): void {
  for (const { name } of members) trust.releaseKey(name)
}

function startThread(
  node: Node,
  companions: Set<Companion>,
  task: WorkerTask,
  heapMaxMb: number | undefined,
): WorkerThread {
  const { system, dist, discovery } = partsOf(node)
  discovery.add(task.name, task.address)
  const thread = new WorkerThread({
    system,
    task,
    heapMaxMb,
    onGone() {
      companions.delete(thread)
      discovery.remove(task.name)
      dist?.router.auth?.trust.releaseKey(task.name)
    },
  })
  companions.add(thread)
  return thread
}

function stopped({ name }: Node): StartError {
  return new StartError('stopped', `${name} has been stopped`)
}

function hostOf({ name }: Node): string {
  return name.slice(name.indexOf('@'))
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`startWorkers: ${field}: expected ${expected}, got ${show(got)}`)
}
