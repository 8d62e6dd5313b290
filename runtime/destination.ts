/**
 * Where a signal can be addressed: a pid, a reference that acts as an alias, or a name. Names are
 * data. `local` is OTP's bare registered name, `at` is `{Name, Node}`: sending to an unregistered
 * local name is the sender's mistake (`BadArgument`), sending to any `at` never fails (rule P7).
 */
import type { Pid } from './identifier.ts'

declare const protocol: unique symbol

/** A name on the caller's own node. */
export type LocalName<P = unknown> = {
  readonly tag: 'local'
  readonly name: string
  readonly [protocol]?: P
}

/** A name on a given node, resolved there when the signal arrives. */
export type RemoteName<P = unknown> = {
  readonly tag: 'at'
  readonly node: string
  readonly name: string
  readonly [protocol]?: P
}

export type Name<P = unknown> = LocalName<P> | RemoteName<P>

/** A pid that remembers, for the compiler only, which protocol its process speaks. */
export type Ref<P = unknown> = Pid & { readonly [protocol]?: P }

export type Destination<P = unknown> = Ref<P> | Name<P>

export type { protocol }
