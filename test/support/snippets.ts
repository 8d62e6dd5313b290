/**
 * The programs inside documents. A fenced block marked ```` ```ts run ```` is one; what it must
 * print is written beside it, either as closing comment lines `// prints: ...` or as a fenced block
 * ```` ```text output ```` that follows with nothing but blank lines between.
 *
 * Pure: text in, programs out. Mistakes in the marks are errors, never programs left out.
 */
export type Snippet = {
  /** Line of the opening fence. */
  readonly line: number
  readonly code: string
  /** Exact standard output, end of line trimmed; undefined when any output will do. */
  readonly expected: string | undefined
}

type Block = { readonly line: number; readonly info: string; readonly body: string }

const PRINTS = /^\/\/ prints: ?(.*)$/

export function snippetsOf(text: string): Snippet[] {
  const blocks = blocksOf(text)
  const snippets: Snippet[] = []
  for (const [index, { line, info, body }] of blocks.entries()) {
    const [language = '', mark] = info.split(/\s+/)
    if (mark === 'output') {
      const owner = blocks[index - 1]
      if (owner !== undefined && isRun(owner.info) && isAdjacent(text, owner, line)) continue
      throw new Error(`line ${line}: an output block without a program just before it`)
    }
    if (mark === undefined || language !== 'ts') continue
    if (!isRun(info)) throw new Error(`line ${line}: the mark of "${info}" is unknown`)
    const next = blocks[index + 1]
    const beside = next !== undefined && /\boutput$/.test(next.info) ? next.body : undefined
    const within = printedBy(body)
    if (beside !== undefined && within !== undefined) {
      throw new Error(`line ${line}: the output is given twice`)
    }
    snippets.push({ line, code: body, expected: within ?? beside })
  }
  return snippets
}

function isRun(info: string): boolean {
  return /^ts\s+run$/.test(info)
}

function isAdjacent(text: string, block: Block, line: number): boolean {
  const end = block.line + block.body.split('\n').length + 1
  return text
    .split('\n')
    .slice(end, line - 1)
    .every((between) => between.trim() === '')
}

/** The run of `// prints:` lines that closes the code. */
function printedBy(code: string): string | undefined {
  const lines = code.split('\n')
  const printed: string[] = []
  for (let line = lines.pop(); line !== undefined; line = lines.pop()) {
    const match = PRINTS.exec(line.trim())
    if (match === null) break
    printed.unshift(match[1] ?? '')
  }
  return printed.length === 0 ? undefined : printed.join('\n')
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open:
    | { line: number; fence: string; indent: string; info: string; body: string[] }
    | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, indent = '', fence, info = ''] = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line) ?? []
    if (open !== undefined) {
      if (fence?.startsWith(open.fence) === true && info === '') {
        blocks.push({ line: open.line, info: open.info, body: open.body.join('\n') })
        open = undefined
      } else open.body.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    } else if (fence !== undefined) open = { line: index + 1, fence, indent, info, body: [] }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block never ends`)
  return blocks
}
