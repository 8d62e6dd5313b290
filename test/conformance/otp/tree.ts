/** What the supervisor suites share: a worker that does as told and leaves a record of its life. */
import {
  isDown,
  type Module,
  type Reason,
  type Ref,
  type Reference,
  type Self,
} from '../../../runtime/index.ts'
import {
  type ChildInfo,
  call,
  cast,
  genServer,
  ignore,
  next,
  type Supervisor,
  type SupervisorFlags,
  start,
  stop,
  supervisor,
} from '../../../stdlib/index.ts'

export type Worker = { casts: { end: (reason: Reason) => void } }

export type Workers = {
  readonly module: Module<Worker, string>
  /** `start a`, `end a killed`, in the order it happened. */
  readonly life: string[]
  /** How the next starts of an id go; without an entry they succeed. */
  readonly starts: Map<string, 'ignore' | 'fail' | 'throw' | 'hang'>
}

/** A module whose argument is the id of the child. Workers trap exits, as servers with state do. */
export function workers(): Workers {
  const life: string[] = []
  const starts: Workers['starts'] = new Map()
  const module = genServer<Worker>('worker')<string, string>({
    init: (id: string, self) => {
      const how = starts.get(id)
      if (how === 'ignore') return ignore()
      if (how === 'fail') return stop({ tag: 'cannotStart', id })
      if (how === 'throw') throw new Error(`${id} cannot start`)
      if (how === 'hang') return new Promise<string>(() => undefined)
      self.trapExit(true)
      self.onExit((reason) => life.push(`end ${id} ${textOf(reason)}`))
      life.push(`start ${id}`)
      return id
    },
    casts: { end: (id, reason) => stop(reason, id) },
    info: (id) => next(id),
  })
  return { module, life, starts }
}

function textOf(reason: Reason): string {
  return typeof reason === 'string' ? reason : reason.tag
}

/** A supervisor described by plain flags, and how to list it with its children's modules. */
export function treeOf(flags: SupervisorFlags, name = 'tree'): Module<Supervisor, void> {
  return supervisor(name, () => flags)
}

/** Starts a tree that must start, not linked with the caller. */
export async function grow(self: Self, tree: Module<Supervisor, void>): Promise<Ref<Supervisor>> {
  const started = await start(self, tree)
  if (started.tag !== 'ok') throw new Error(`the tree starts: ${JSON.stringify(started)}`)
  return started.pid
}

/** What the supervisor knows of a child. It answers when it is done with what came before. */
export async function infoOf(
  self: Self,
  tree: Ref<Supervisor>,
  id: string,
): Promise<ChildInfo | undefined> {
  const children = await call(self, tree, 'whichChildren')
  return children.find((child) => child.id === id)
}

export async function pidOf(self: Self, tree: Ref<Supervisor>, id: string): Promise<Ref<Worker>> {
  const pid = (await infoOf(self, tree, id))?.pid
  if (!pid) throw new Error(`child ${id} runs`)
  return pid
}

/** Ends a process and waits for its DOWN; `kill` comes from outside, other reasons by itself. */
export async function endChild(self: Self, pid: Ref<Worker>, reason: Reason): Promise<void> {
  const ref = self.monitor(pid)
  if (reason === 'kill') self.exit(pid, 'kill')
  else cast(self, pid, 'end', reason)
  await self.receive(isDown(ref))
}

/** The reason in the DOWN of a monitor that was set before the end. */
export async function downOf(self: Self, ref: Reference): Promise<Reason> {
  return (await self.receive(isDown(ref))).reason
}

/** Lets `ms` milliseconds of the node's clock pass, exactly. */
export async function pass(self: Self, ms: number): Promise<void> {
  const mark = { passed: self.monitor(self.pid) }
  self.sendAfter(ms, self.pid, mark)
  await self.receive((message) => message === mark)
}
