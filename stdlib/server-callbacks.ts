/**
 * The callbacks of a gen_server as its loop uses them: the compiler's knowledge of operations and
 * state is gone, and operations are looked up by name at run time.
 */
import { BadArgument, type Reason, type Self } from '../runtime/index.ts'
import { INLINE_CALLS, INLINE_CASTS, type Request, show } from '../runtime/kernel.ts'
import { checkKeys, functionIn, objectIn, requiredIn, tableIn } from './given.ts'
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

  constructor(given: object) {
    checkKeys('genServer', given, known, 'callback')
    this.init = requiredIn(given, 'init')
    this.calls = new Operations<Handler>(tableIn(given, 'calls'))
    this.casts = new Operations<Handler>(tableIn(given, 'casts'))
    this.info = functionIn(given, 'info')
    this.continue = functionIn(given, 'continue')
    this.terminate = functionIn(given, 'terminate')
    this.formatStatus = functionIn(given, 'formatStatus')
    this.flags = inlineFlags(objectIn(given, 'inline') ?? {})
  }
}

const known: readonly string[] = [
  'init',
  'calls',
  'casts',
  'info',
  'continue',
  'terminate',
  'formatStatus',
  'inline',
]

function inlineFlags(inline: object): number {
  checkKeys('inline', inline, ['calls', 'casts'], 'option')
  let flags = 0
  for (const [field, on] of Object.entries(inline)) {
    if (typeof on !== 'boolean') {
      throw new BadArgument(`inline.${field}: expected true or false, got ${show(on)}`)
    }
    if (on) flags |= field === 'calls' ? INLINE_CALLS : INLINE_CASTS
  }
  return flags
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
   * Casts that pile up while one sender's code runs (32 of them) are handled then and there, so
   * that a burst neither fills the memory nor waits for the sender to end its turn.
   */
  readonly casts?: boolean
}
