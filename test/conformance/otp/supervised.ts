/** A supervision tree of told workers, and a process that acts on it. */
import type { LocalNode, Ref, Self } from '../../../runtime/index.ts'
import {
  type ChildOptions,
  type ChildSpec,
  child,
  type Supervisor,
  type SupervisorFlags,
} from '../../../stdlib/index.ts'
import { oneNode } from './one-node.ts'
import { grow, treeOf, type Workers, workers } from './tree.ts'

export type Scene = Workers & {
  readonly self: Self
  readonly node: LocalNode
  readonly tree: Ref<Supervisor>
  spec(id: string, options?: ChildOptions): ChildSpec
}

/** A running tree with these children, and a process that acts on it. */
export async function withTree(
  ids: readonly string[],
  body: (scene: Scene) => Promise<void>,
  flags: Omit<SupervisorFlags, 'children'> = {},
): Promise<void> {
  const made = workers()
  const spec: Scene['spec'] = (id, options) => child(made.module, id, { id, ...options })
  const tree = treeOf({ ...flags, children: ids.map((id) => spec(id)) })
  const node = oneNode([made.module, tree])
  await node.run(async (self) => {
    await body({ ...made, self, node, spec, tree: await grow(self, tree) })
  })
}
