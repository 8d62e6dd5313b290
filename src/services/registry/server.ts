/**
 * Stands behind the process that holds the entries of the other nodes, in a supervisor that starts
 * it anew whenever that one is (`restForOne`). All it does is to begin: what was missed meanwhile
 * is read, and subscribers are told.
 */
import type { Module } from '../../../runtime/index.ts'
import { genServer, next } from '../../../stdlib/index.ts'
import type { Registry } from './registry.ts'

/** It understands no operations. */
type RegistryServer = Record<never, never>

export const registryName = 'skein.services'

export function registryModule(registry: Registry): Module<RegistryServer, undefined> {
  let begun = false
  return genServer<RegistryServer>(registryName)({
    init: () => {
      // The first time nobody can have missed anything.
      if (begun) registry.resync()
      begun = true
      return next(null)
    },
    info: (state) => next(state),
  })
}
