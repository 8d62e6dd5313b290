/**
 * The cost rows as a drawing: SVG text, from rows alone. Nodes run along a logarithmic axis, bytes
 * per node and minute at rest and bytes per node and broadcast up a linear one each, so that a
 * flat line is a cost that does not grow.
 */
import { costMetrics } from './cost-rows.ts'
import type { PaperRow } from './rows.ts'

type Point = { readonly nodes: number; readonly value: number }
type Panel = { readonly title: string; readonly points: readonly Point[] }

const panelWidth = 360
const height = 280
const margin = { left: 64, right: 16, top: 40, bottom: 48 }
const plotWidth = panelWidth - margin.left - margin.right
const plotHeight = height - margin.top - margin.bottom
const gridLines = 4
const ink = '#444444'
const colour = '#1f5fa8'

export function costSvg(rows: readonly PaperRow[]): string {
  const panels: Panel[] = [
    {
      title: 'KiB per node and minute at rest',
      points: pointsOf(rows, costMetrics.restBytes, 1024),
    },
    { title: costMetrics.broadcastBytes, points: pointsOf(rows, costMetrics.broadcastBytes, 1) },
  ]
  const width = panelWidth * panels.length
  const size = { viewBox: `0 0 ${width} ${height}`, width, height }
  const root = { xmlns: 'http://www.w3.org/2000/svg', ...size, 'font-family': 'sans-serif' }
  return [
    `<svg ${attributes({ ...root, 'font-size': 11 })}>`,
    '<title>Cost of a node by the number of nodes in its cluster</title>',
    `<rect ${attributes({ width, height, fill: '#ffffff' })}/>`,
    ...panels.flatMap((panel, at) => panelSvg(panel, at * panelWidth)),
    '</svg>',
    '',
  ].join('\n')
}

function pointsOf(rows: readonly PaperRow[], metric: string, unit: number): Point[] {
  const points = rows.flatMap((row) => {
    const nodes = Number.parseInt(row.at, 10)
    const usable = row.metric === metric && row.ours !== null && nodes > 0
    return usable ? [{ nodes, value: (row.ours ?? 0) / unit }] : []
  })
  return points.sort((a, b) => a.nodes - b.nodes)
}

function panelSvg({ title, points }: Panel, left: number): string[] {
  const top = niceAbove(Math.max(1, ...points.map(({ value }) => value)))
  const logs = points.map(({ nodes }) => Math.log10(nodes))
  const [least, most] = [Math.min(...logs), Math.max(...logs)]
  const x = (nodes: number): number => {
    const part = most > least ? (Math.log10(nodes) - least) / (most - least) : 0.5
    return round(left + margin.left + part * plotWidth)
  }
  const y = (value: number): number => round(margin.top + (1 - value / top) * plotHeight)
  const from = left + margin.left
  const to = from + plotWidth
  const lines = [text(title, { x: from, y: 24, 'font-size': 13, fill: ink })]
  for (let line = 0; line <= gridLines; line++) {
    const value = (top * line) / gridLines
    const at = y(value)
    lines.push(
      `<line ${attributes({ x1: from, y1: at, x2: to, y2: at, stroke: '#dddddd' })}/>`,
      text(`${round(value)}`, { x: from - 6, y: at + 4, 'text-anchor': 'end', fill: ink }),
    )
  }
  const middle = { 'text-anchor': 'middle' }
  for (const { nodes, value } of points) {
    const at = { x: x(nodes), y: y(value) }
    lines.push(
      text(`${nodes}`, { x: at.x, y: height - margin.bottom + 18, ...middle, fill: ink }),
      `<circle ${attributes({ cx: at.x, cy: at.y, r: 3.5, fill: colour })}/>`,
      text(`${round(value)}`, { x: at.x, y: at.y - 8, ...middle, fill: colour }),
    )
  }
  const path = points.map(({ nodes, value }) => `${x(nodes)},${y(value)}`).join(' ')
  const line = { points: path, fill: 'none', stroke: colour, 'stroke-width': 2 }
  lines.push(
    `<polyline ${attributes(line)}/>`,
    text('nodes', { x: (from + to) / 2, y: height - 10, ...middle, fill: ink }),
  )
  return lines
}

function text(words: string, of: Readonly<Record<string, string | number>>): string {
  return `<text ${attributes(of)}>${escaped(words)}</text>`
}

function attributes(of: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(of).map(([name, value]) => `${name}="${escaped(`${value}`)}"`)
  return pairs.join(' ')
}

/** The next of 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  for (const step of [1, 2, 5]) if (value <= step * power) return step * power
  return 10 * power
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
