import * as z from 'zod'

const Parameter = z.looseObject({
  name: z.string().optional(),
  in: z.string().optional(),
  description: z.string().optional(),
})

const Operation = z.looseObject({
  summary: z.string(),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  parameters: z.array(Parameter).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
})
type Operation = z.infer<typeof Operation>

/** What of an OpenAPI document the page shows. */
const Document = z.looseObject({
  info: z.looseObject({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
})

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const parameterRow = ({ name = '', in: place = '', description = '' }: z.infer<typeof Parameter>): string =>
  name === ''
    ? ''
    : `<tr><td><code>${escaped(name)}</code></td><td>${escaped(place)}</td><td>${escaped(description)}</td></tr>`

const operationOf = (path: string, method: string, operation: Operation): string => {
  const rows = operation.parameters.map(parameterRow).join('')
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const statuses = Object.keys(operation.responses).join(', ')
  return `<details id="${escaped(`${method}-${path}`)}">
<summary><b class="${method}">${method.toUpperCase()}</b> <code>${escaped(path)}</code> <span>${escaped(operation.summary)}</span></summary>
<p>${escaped(operation.description)} Answers: ${escaped(statuses)}.</p>
${rows === '' ? '' : `<table>${rows}</table>`}
${schema === undefined ? '' : `<p>Body:</p><pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`}
</details>`
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { border: 1px solid #8884; border-radius: 6px; margin: .3rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary span { opacity: .75; margin-left: .5rem; }
b { display: inline-block; min-width: 4.2rem; }
b.get { color: #2a7; } b.post { color: #38c; } b.put { color: #b80; } b.delete { color: #c44; }
pre { overflow-x: auto; background: #8881; padding: .7rem; border-radius: 6px; font-size: .85rem; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
nav a { margin-right: 1rem; white-space: nowrap; }`

/** A page to read, from an OpenAPI document. It needs nothing from anywhere else. */
export function docsPage(openapi: unknown): string {
  const { info, paths } = Document.parse(openapi)
  const groups = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0] ?? 'other'
      groups.set(tag, [...(groups.get(tag) ?? []), operationOf(path, method, operation)])
    }
  }
  const tags = [...groups.keys()]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} API</title><style>${style}</style></head><body>
<h1>${escaped(info.title)} ${escaped(info.version)}</h1>
<p>${escaped(info.description)} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${tags.map((tag) => `<a href="#${escaped(tag)}">${escaped(tag)}</a>`).join('')}</nav>
${tags.map((tag) => `<h2 id="${escaped(tag)}">${escaped(tag)}</h2>${(groups.get(tag) ?? []).join('')}`).join('\n')}
</body></html>
`
}
