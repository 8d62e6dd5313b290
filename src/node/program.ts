/**
 * The program of a node: its applications, then its root, a child of the node's tree. It is stopped
 * the other way round: applications that were started since, the root, the applications it was
 * started after, always the last of them first.
 *
 * Invariant: a program that does not start as a whole is stopped again in that order, and says why.
 * Stopping is bounded as a whole: a part that takes longer is left behind, and ends with the node.
 */
import {
  Exit,
  type LocalNode,
  type Pid,
  type Reason,
  type Ref,
  whereis,
} from '../../runtime/index.ts'
import {
  formatReason,
  isReason,
  type System,
  systemOf,
  withoutStack,
} from '../../runtime/kernel.ts'
import { controllerName } from '../../stdlib/application/application.ts'
import type { Controller } from '../../stdlib/application/controller.ts'
import {
  type ChildSpec,
  callWithin,
  configureApplications,
  ensureAllStarted,
  runningApplications,
  type Supervisor,
  start,
  stopServer,
} from '../../stdlib/index.ts'
import { limits } from '../limits.ts'
import type { NodeOptions } from './options.ts'
import { StartError } from './start-error.ts'
import { rootModules } from './tree.ts'

/** What every part may take to stop, however long those before it took. */
const partMinMs = 1_000

export type Program = {
  readonly tree: Ref<Supervisor>
  /** Id of the program's root in the tree. */
  readonly rootId: string | undefined
  /** Names of the applications that ran before the program's root was started. */
  readonly earlier: ReadonlySet<string>
  /** Resolves when the node cannot go on, with the reason; otherwise never. */
  readonly failed: Promise<Reason>
}

/**
 * Starts the tree with the node's own processes, `cluster`, and the program in it. Rejects with
 * `StartError`: `rootFailed`, `applicationFailed`, or `programEnded` when a part that had started
 * took the node along before all had.
 */
export async function startProgram(
  host: LocalNode,
  cluster: readonly ChildSpec[],
  options: NodeOptions,
): Promise<Program> {
  const tree = await startTree(host, cluster)
  const failed = failureOf(systemOf(host), tree)
  let program: Program = { tree, rootId: options.root?.id, earlier: new Set(), failed }
  const tooSoon = (reason: Reason): StartError =>
    failure(host, 'programEnded', 'its program ended while it started', reason)
  try {
    const ended = failed.then((reason) => {
      throw tooSoon(reason)
    })
    await Promise.race([startApplications(host, options), ended])
    program = { ...program, earlier: await runningNames(host) }
    await Promise.race([startRoot(host, tree, options.root), ended])
    return program
  } catch (error) {
    await stopProgram(host, program)
    // A question to a part that ended fails with its reason, at times before the end is heard of.
    throw error instanceof Exit ? tooSoon(error.reason) : error
  }
}

/**
 * Resolves when all of the program has stopped, or had its time. `leave` runs when the program's
 * own parts have, before the node's. Never rejects with `Exit`.
 */
export function stopProgram(
  host: LocalNode,
  program: Program,
  leave: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { clock } = systemOf(host).platform
  const deadline = clock.now() + limits.programStopMaxMs
  const leftMs = (): number => Math.max(partMinMs, deadline - clock.now())
  const { tree, rootId, earlier } = program
  return host.run(async (self) => {
    const controller: Ref<Controller> | undefined = whereis(self, controllerName)
    if (controller !== undefined) {
      const running = await part(callWithin(self, leftMs(), controller, 'running'))
      for (const { name } of [...(running ?? [])].reverse()) {
        if (!earlier.has(name)) await part(callWithin(self, leftMs(), controller, 'stop', name))
      }
    }
    if (rootId !== undefined) {
      await part(callWithin(self, leftMs(), tree, 'terminateChild', rootId))
    }
    if (controller !== undefined) await part(stopServer(self, controller, 'shutdown', leftMs()))
    await self.wait(leave())
    await part(stopServer(self, tree, 'shutdown', leftMs()))
  })
}

async function startTree(host: LocalNode, cluster: readonly ChildSpec[]): Promise<Ref<Supervisor>> {
  const modules = rootModules(cluster)
  for (const module of modules) systemOf(host).modules.addShielded(module)
  const tree = await start(host, modules[0], undefined)
  if (tree.tag === 'ok') return tree.pid
  const reason = tree.tag === 'error' ? tree.reason : tree.tag
  throw failure(host, 'rootFailed', 'its tree did not start', reason)
}

/** Hears of the end of the tree, and of applications that take the node along. */
function failureOf(system: System, tree: Pid): Promise<Reason> {
  return new Promise((resolve) => {
    system.onFatal = resolve
    const found = system.lookup(tree)
    if (found.tag !== 'local') return resolve('noproc')
    found.process.exitHooks ??= []
    found.process.exitHooks.push(resolve)
  })
}

async function startApplications(host: LocalNode, options: NodeOptions): Promise<void> {
  const { applications = [], config } = options
  if (config !== undefined) await configureApplications(host, config)
  if (applications.length === 0) return
  const result = await ensureAllStarted(host, applications, { type: 'permanent' })
  if (result.tag === 'ok') return
  const { application, reason } = result
  const what = `its application '${application}' did not start`
  throw failure(host, 'applicationFailed', what, causeOf(reason))
}

async function startRoot(
  host: LocalNode,
  tree: Ref<Supervisor>,
  root: ChildSpec | undefined,
): Promise<void> {
  if (root === undefined) return
  const started = await callWithin(host, Number.POSITIVE_INFINITY, tree, 'startChild', root)
  if (started.tag === 'error') {
    throw failure(host, 'rootFailed', 'its root did not start', started.reason)
  }
}

async function runningNames(host: LocalNode): Promise<Set<string>> {
  // Without a controller there are none, and a question would start one.
  if (whereis(host, controllerName) === undefined) return new Set()
  return new Set((await runningApplications(host)).map(({ name }) => name))
}

/** Why a start failed, without the name, which the message has already. */
function causeOf(reason: Reason): Reason {
  const wrapped = typeof reason === 'object' && reason.tag === 'startFailed'
  return wrapped && isReason(reason.reason) ? reason.reason : reason
}

/** One part of a stop: what it gives, or nothing when it overran or ended otherwise. */
async function part<T>(stopping: Promise<T>): Promise<T | undefined> {
  try {
    return await stopping
  } catch (error) {
    if (error instanceof Exit) return undefined
    throw error
  }
}

function failure(host: LocalNode, reason: string, what: string, why: Reason): StartError {
  return new StartError(reason, `node ${host.name}: ${what}: ${formatReason(withoutStack(why))}`)
}
