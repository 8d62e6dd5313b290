/**
 * The machines and the network of a scenario, before anything is wrong with them: disks of
 * different speeds, clocks that are off, places far from each other; and how all of it is set
 * right again.
 */
import type { BootOptions, Simulation } from '../../src/testing/index.ts'
import type { Scenario } from './scenario.ts'

export type ClockDraw = Required<Pick<BootOptions, 'wallSkewMs' | 'driftPpm'>>

/** Clocks may be this wrong and no more once they are set right. */
const fineSkewMs = 1_000

/** Disks take this long at most once they are set right. */
const fineDiskMs = 20

/** Sets up disks and places. */
export function furnish(sim: Simulation, scenario: Scenario): void {
  const { diskMaxMs, places, farMaxMs } = scenario
  for (const name of sim.names) {
    if (diskMaxMs > 0) sim.setDisk(name, diskMaxMs * sim.world.random.unit())
  }
  if (places === 1) return
  const groups = Array.from({ length: places }, (_, place) =>
    sim.names.filter((_name, i) => i % places === place),
  )
  sim.setPlaces(groups, { loss: 0, delayMinMs: farMaxMs / 2, delayMaxMs: farMaxMs })
}

/** The clocks of a machine that boots. */
export function drawClocks(sim: Simulation, { skewMaxMs, driftMaxPpm }: Scenario): ClockDraw {
  const around = (max: number): number => Math.floor(max * (2 * sim.world.random.unit() - 1))
  return { wallSkewMs: around(skewMaxMs), driftPpm: around(driftMaxPpm) }
}

/** Ends everything that is wrong with machines and network, but for what nobody can help. */
export function setRight(sim: Simulation, scenario: Scenario): void {
  sim.heal()
  sim.setPath(0, 0, 5)
  for (const name of sim.names) {
    sim.resume(name)
    sim.slow(name, 0)
    if (scenario.diskMaxMs > fineDiskMs) sim.setDisk(name, fineDiskMs)
    const errorMs = sim.wallErrorMs(name)
    if (Math.abs(errorMs) > scenario.skewMaxMs + fineSkewMs) sim.stepClock(name, -errorMs)
  }
}
