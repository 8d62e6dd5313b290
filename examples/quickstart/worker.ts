/**
 * The worker of a node, and the functions by which others give it work. It has two names in the
 * cluster: one that the workers of all nodes share, and one of its own, which says where it is.
 *
 * Whoever asks sees an answer or a value that says there is none: which processes exist, and how
 * they are found, stays in this file.
 */
import {
  type Caller,
  call,
  Exit,
  genServer,
  type NameTerm,
  next,
  type Reason,
  registerService,
  reply,
  stop,
  type ViaName,
  via,
} from 'skein'

export type Worked = { tag: 'workedOn'; node: string; x: number }
export type NoWorker = { tag: 'error'; reason: 'noWorker' }

export type Worker = { calls: { work: (x: number) => Worked } }

/** Every node has a process under this name; who asks gets the one of its own node, if it can. */
export const sharedName = 'worker'

/** The worker of one node only. Equal terms are one name, so it need not be made into a string. */
export function nameOn(node: string): { readonly worker: string } {
  return { worker: node }
}

export const Worker = genServer<Worker>('quickstart.worker')({
  init: (_: undefined, self) => {
    // So that `terminate` runs when the supervisor stops it, not only when it stops by itself.
    self.trapExit(true)
    for (const name of [sharedName, nameOn(self.node)]) {
      const registered = registerService(self, name)
      if (registered.tag === 'error') return stop({ tag: 'nameRefused', why: registered.reason })
    }
    return { jobs: 0 }
  },
  calls: {
    work: ({ jobs }, x, self) => reply({ tag: 'workedOn', node: self.node, x }, { jobs: jobs + 1 }),
  },
  // Exits of those it is linked with come as messages, since it traps them.
  info: (state) => next(state),
  terminate: (reason, { jobs }, self) => {
    console.log(`the worker of ${short(self.node)} stops (${nameOf(reason)}), jobs done: ${jobs}`)
  },
})

/** Has the nearest worker do `x`: the one of this node, or else one of another. */
export function work(caller: Caller, x: number): Promise<Worked | NoWorker> {
  return ask(caller, sharedName, x)
}

/** Has the worker of `node` do `x`. */
export function workOn(caller: Caller, node: string, x: number): Promise<Worked | NoWorker> {
  return ask(caller, nameOn(node), x)
}

async function ask(caller: Caller, name: NameTerm, x: number): Promise<Worked | NoWorker> {
  const worker: ViaName<Worker> = via(Worker, 'cluster', name)
  try {
    return await call(caller, worker, 'work', x)
  } catch (error) {
    if (error instanceof Exit && isAbsence(error.reason))
      return { tag: 'error', reason: 'noWorker' }
    throw error
  }
}

/** Nobody has the name, or who had it went, with its node or alone, before it answered. */
function isAbsence(reason: Reason): boolean {
  return ['noproc', 'killed', 'shutdown', 'nodedown', 'noconnection'].includes(nameOf(reason))
}

function nameOf(reason: Reason): string {
  return typeof reason === 'string' ? reason : reason.tag
}

/** The part of a node's name that tells the nodes of this example apart. */
export function short(node: string): string {
  return node.replace(/@.*/, '')
}
