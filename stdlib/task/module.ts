/**
 * Tasks as modules: work that computes one value. Spawned or supervised like any module, a task
 * does its work at once and its value goes nowhere. Ordered by an owner (`asyncTask` and its like),
 * it waits to be asked for the value first, by a call: the answer, the end of the task and the loss
 * of its node then reach the owner as those of any call do, here or from another node, and never
 * pass through its mailbox.
 *
 * An order whose owner ends, or does not ask in time, is dropped: an owner that dies between the
 * start and the question leaves no task behind (Elixir's `Task.Supervised` waits alike).
 */
import { type AnyModule, isDown, isPid, type Pid, process, type Self } from '../../runtime/index.ts'
import { Module, Request, runtimeLimits } from '../../runtime/kernel.ts'
import { replyTo } from '../gen.ts'

/** What the owner of a task calls. */
export type RunProtocol<R> = { readonly calls: { readonly $run: () => R } }

/** The argument of a task that is to answer `owner`. */
export type Order = { readonly tag: '$task'; readonly owner: Pid; readonly arg: unknown }

declare const result: unique symbol

/** A module that computes an `R` from an `Arg`. */
export class TaskModule<Arg, R> extends Module<unknown, Arg> {
  /** The same work, ordered: it takes an `Order`. */
  readonly ordered: AnyModule
  declare readonly [result]?: R

  constructor(name: string, body: (self: Self, arg: Arg) => R | Promise<R>) {
    const plain = process<Arg>(name, body)
    const ordered = process<{ readonly owner: Pid; readonly arg: Arg }>(name, (self, order) =>
      answer(self, order.owner, () => body(self, order.arg)),
    )
    super(name, (record, given, started) => {
      if (isOrder<Arg>(given)) ordered.begin(record, given, started)
      else plain.begin(record, given, started)
    })
    this.ordered = ordered
  }
}

/**
 * Defines a task: `task('shop.price', async (self, sku: string) => 12)`. What it returns must be
 * data that can be sent; what it throws is its exit reason. List it in the node's `modules` where
 * it is started by name: under a supervisor, or from another node.
 */
export function task<Arg = void, R = unknown>(
  name: string,
  body: (self: Self, arg: Arg) => R | Promise<R>,
): TaskModule<Arg, R> {
  return new TaskModule(name, body)
}

function isOrder<Arg>(
  given: unknown,
): given is { readonly tag: '$task'; readonly owner: Pid; readonly arg: Arg } {
  return (
    typeof given === 'object' &&
    given !== null &&
    'tag' in given &&
    given.tag === '$task' &&
    'owner' in given &&
    isPid(given.owner) &&
    'arg' in given
  )
}

async function answer(self: Self, owner: Pid, work: () => unknown): Promise<void> {
  const ref = self.monitor(owner)
  const ends = isDown(ref)
  const asked = await self.receive((message) => isRun(message) || ends(message), {
    timeoutMs: runtimeLimits.taskClaimMs,
    otherwise: null,
  })
  if (!isRun(asked)) return
  self.demonitor(ref, { flush: true })
  const value = await work()
  replyTo(self, asked, value)
  // Whoever traps exits has its answer and needs no EXIT `normal` besides.
  self.unlink(owner)
}

function isRun(message: unknown): message is Request {
  return message instanceof Request && message.op === '$run'
}
