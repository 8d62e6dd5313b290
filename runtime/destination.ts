/**
 * Where a signal can be addressed: a pid, a reference that acts as an alias, or a name. Names are
 * data. `local` is OTP's bare registered name, `at` is `{Name, Node}`: sending to an unregistered
 * local name is the sender's mistake (`BadArgument`), sending to any `at` never fails (rule P7).
 * `via` is a name that a registry of the caller's node resolves, as bare as a local one (rule N5).
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

/** What the registries of a node know their names by. `1` and `'1'` are two names. */
export type NameKey = string | number

/**
 * What a via name may be. Two terms are one name when they are equal, which takes a canonical
 * text; that belongs to the wire, so that only the registries of the cluster take other terms than
 * a `NameKey`.
 */
export type NameTerm = NameKey | bigint | boolean | null | object

/** A name in a registry of the caller's node. */
export type ViaName<P = unknown> = {
  readonly tag: 'via'
  /** What the registry itself is called. */
  readonly registry: string
  readonly name: NameTerm
  readonly [protocol]?: P
}

export type Name<P = unknown> = LocalName<P> | RemoteName<P> | ViaName<P>

/** A pid that remembers, for the compiler only, which protocol its process speaks. */
export type Ref<P = unknown> = Pid & { readonly [protocol]?: P }

export type Destination<P = unknown> = Ref<P> | Name<P>
