/**
 * The process of a registry (Elixir's `Registry`): it lends its table its name and its life. While
 * it lives, `via` names and the functions of `entries.ts` find the table under the local name the
 * process has; when it ends the table is gone at once, and every process registered in it gets an
 * exit signal with the registry's reason, by its link. Start it before those that register and
 * supervise them with `restForOne`, so that they come back after it.
 */
import { BadArgument, type Module } from '../../runtime/index.ts'
import { processOfSelf, show } from '../../runtime/kernel.ts'
import { genServer } from '../gen-server.ts'
import { clusterRegistry, globalRegistry } from '../name.ts'
import { next } from '../outcome.ts'
import { RegistryTable } from './table.ts'

export type RegistryOptions = {
  /** `unique`: one process per key, usable in `via`. `duplicate`: any number, for `dispatch`. */
  readonly keys: 'unique' | 'duplicate'
}

/** A registry understands no operations: see `register`, `lookup` and their like. */
export type RegistryProtocol = Record<never, never>

/**
 * A registry as a child: `child(Registry, { keys: 'unique' }, { name: 'shop.names' })`. Its local
 * name is the registry's. Refuses to start, with a `BadArgument`, without a local name, under the
 * names `cluster` and `global`, with bad options, or while a registry of that name still runs.
 */
export const Registry: Module<RegistryProtocol, RegistryOptions> = genServer<RegistryProtocol>(
  'skein.registry',
)({
  init: (options: RegistryOptions, self) => {
    const process = processOfSelf(self)
    const { name } = process
    if (name === null) throw new BadArgument('name: a registry is started under a local name')
    if (name === clusterRegistry || name === globalRegistry)
      throw new BadArgument(`name: '${name}' is taken by the cluster`)
    const keys: unknown = options?.keys
    if (keys !== 'unique' && keys !== 'duplicate') {
      throw new BadArgument(`keys: expected 'unique' or 'duplicate', got ${show(keys)}`)
    }
    const { registries } = process.system
    if (!registries.open(name, new RegistryTable(process, keys === 'unique'))) {
      throw new BadArgument(`name: a registry '${name}' runs already`)
    }
    self.onExit(() => registries.close(name))
    // The exits of registered processes must not end it; their entries are gone by then.
    self.trapExit(true)
    return null
  },
  info: (state) => next(state),
})
