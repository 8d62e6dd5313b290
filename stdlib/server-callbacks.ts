/**
 * The callbacks of a gen_server as its loop uses them: the compiler's knowledge of operations and
 * state is gone, and operations are looked up by name at run time.
 */
import { BadArgument, type Reason, type Self } from '../runtime/index.ts'
import { INLINE_CALLS, INLINE_CASTS, type Request, show } from '../runtime/kernel.ts'
import { Operations } from './operations.ts'

/** A handler as the loop sees it. */
export type Handler = (state: unknown, arg: unknown, self: Self, from?: Request) => unknown

export class Callbacks {
  readonly init: (arg: unknown, self: Self) => unknown
  readonly calls: Operations<Handler>
  readonly casts: Operations<Handler>
  readonly info: Handler | undefined
  readonly continue: Handler | undefined
  readonly terminate: ((reason: Reason, state: unknown, self: Self) => unknown) | undefined
  readonly formatStatus: ((state: unknown) => unknown) | undefined
  /** Flags of a process that runs them. */
  readonly flags: number

  constructor(given: GivenCallbacks) {
    this.init = given.init
    this.calls = new Operations(given.calls)
    this.casts = new Operations(given.casts)
    this.info = given.info
    this.continue = given.continue
    this.terminate = given.terminate
    this.formatStatus = given.formatStatus
    this.flags = inlineFlags(given.inline)
  }
}

function inlineFlags(inline: unknown = {}): number {
  if (typeof inline !== 'object' || inline === null) {
    throw new BadArgument(`inline: expected { calls, casts }, got ${show(inline)}`)
  }
  let flags = 0
  for (const [field, on] of Object.entries(inline)) {
    const flag = field === 'calls' ? INLINE_CALLS : field === 'casts' ? INLINE_CASTS : undefined
    if (flag === undefined) throw new BadArgument(`inline: unknown field '${field}'`)
    if (typeof on !== 'boolean') {
      throw new BadArgument(`inline.${field}: expected true or false, got ${show(on)}`)
    }
    if (on) flags |= flag
  }
  return flags
}

export type GivenCallbacks = {
  readonly init: Callbacks['init']
  readonly calls?: Readonly<Record<string, Handler>>
  readonly casts?: Readonly<Record<string, Handler>>
  readonly info?: Handler
  readonly continue?: Handler
  readonly terminate?: (reason: Reason, state: unknown, self: Self) => unknown
  readonly formatStatus?: (state: unknown) => unknown
  readonly inline?: InlineOptions
}

/** When a server may run on the stack of who sends to it. Both are off by default. */
export type InlineOptions = {
  /**
   * A call to the server while it is idle runs its handler before `call` returns. The answer is
   * still awaited. For handlers that are short and synchronous: the handler is part of its caller's
   * turn, and no timeout can end it.
   */
  readonly calls?: boolean
  /**
   * Casts that pile up while one sender's code runs (128 of them) are handled then and there, so
   * that a burst neither fills the memory nor waits for the sender to end its turn.
   */
  readonly casts?: boolean
}
