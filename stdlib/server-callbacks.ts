/**
 * The callbacks of a gen_server as its loop uses them: the compiler's knowledge of operations and
 * state is gone, and operations are looked up by name at run time.
 */
import type { Reason, Self } from '../runtime/index.ts'
import type { Request } from '../runtime/kernel.ts'
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

  constructor(given: GivenCallbacks) {
    this.init = given.init
    this.calls = new Operations(given.calls)
    this.casts = new Operations(given.casts)
    this.info = given.info
    this.continue = given.continue
    this.terminate = given.terminate
    this.formatStatus = given.formatStatus
  }
}

export type GivenCallbacks = {
  readonly init: Callbacks['init']
  readonly calls?: Readonly<Record<string, Handler>>
  readonly casts?: Readonly<Record<string, Handler>>
  readonly info?: Handler
  readonly continue?: Handler
  readonly terminate?: (reason: Reason, state: unknown, self: Self) => unknown
  readonly formatStatus?: (state: unknown) => unknown
}
