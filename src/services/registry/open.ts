/** The registry of a node, found by its caller and behind `via` names. */
import type { System } from '../../../runtime/kernel.ts'
import { clusterRegistry } from '../../../stdlib/name.ts'
import type { Dist } from '../../dist/index.ts'
import { createCodec } from '../../wire/index.ts'
import { Registry } from './registry.ts'

/** Opens the registry `cluster` of a node; one without a carrier has it for itself. */
export function openRegistry(system: System, dist: Dist | undefined): Registry {
  const nobody = { name: '', creation: 0 }
  // Only to see how long things are: nothing that it writes is sent.
  const codec = createCodec({
    local: { name: system.node, creation: system.creation },
    peer: nobody,
    pid: () => undefined,
    reference: () => undefined,
  })
  const registry = new Registry({
    system,
    codec,
    metrics: dist?.metrics,
    roundTripMs: (node) => dist?.router.roundTripMs(node),
  })
  system.registries.open(clusterRegistry, registry)
  dist?.router.parts.add(registry)
  return registry
}
