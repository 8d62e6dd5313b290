/**
 * What a conformance topic is: cases about one subject, written once and run on one node and over
 * two. A case acts from `here` and sees the other place only through messages, monitors and calls;
 * what it runs there is a listed module started by name with plain data, so that `there` may be
 * this node, another one in this OS process, or a node of another OS process.
 *
 * On one node `there` is the node of `here`. A case never waits for time to pass: negatives are
 * shown by a later signal of the same sender, which order (rule O1) puts behind what must not come.
 */
import {
  type AnyModule,
  type LocalNode,
  type Module,
  type Ref,
  type Self,
  type SpawnAtOptions,
  spawnAt,
} from '../../../runtime/index.ts'

export type Place = {
  /** The node that acts: cases begin with `here.run`. */
  readonly here: LocalNode
  /** The node where the other party lives. It lists the topic's modules, as `here` does. */
  readonly there: { readonly name: string }
  /** Starts a listed module there. */
  spawnThere<P, Arg>(
    self: Self,
    module: Module<P, Arg>,
    arg: Arg,
    options?: SpawnAtOptions,
  ): Promise<Ref<P>>
}

export type TopicCase = {
  /** The rule it holds, as `X4`; the name of the test begins with it. */
  readonly rule: string
  readonly name: string
  run(place: Place): Promise<void>
}

export type Topic = {
  readonly subject: string
  /** To be listed on both nodes. */
  readonly modules: readonly AnyModule[]
  readonly cases: readonly TopicCase[]
}

/** A place whose other half is the node named `there`; it may be `here` itself. */
export function placeOf(here: LocalNode, there: string): Place {
  return {
    here,
    there: { name: there },
    spawnThere: <P, Arg>(
      self: Self,
      module: Module<P, Arg>,
      arg: Arg,
      options: SpawnAtOptions = {},
    ) => spawnAt<P, unknown>(self, there, module as Module<P, unknown>, arg, options),
  }
}

/** A case whose body is one process of `here`. */
export function caseOf(
  rule: string,
  name: string,
  body: (self: Self, place: Place) => Promise<void>,
): TopicCase {
  return { rule, name, run: (place) => place.here.run((self) => body(self, place)) }
}
