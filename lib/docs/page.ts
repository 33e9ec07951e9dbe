import * as z from 'zod'
import { code, escaped } from './html.ts'
import { Operation, operationOf } from './operation.ts'
import { Schema, shownIn } from './schema.ts'
import { style } from './style.ts'

/** What of an OpenAPI document the page shows. */
const Document = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
})

/** A type that answers share. The name that links lead to is within, so that following one unfolds it. */
const typeOf = ([name, schema]: [string, Schema]): string =>
  `<details><summary><b>${escaped(name)}</b><span>${escaped(schema.description ?? '')}</span></summary>
<div id="type-${escaped(name)}">${shownIn({ ...schema, description: undefined })}</div></details>`

const groupsOf = (paths: z.infer<typeof Document>['paths']): Map<string, string[]> => {
  const groups = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0] ?? 'other'
      groups.set(tag, [...(groups.get(tag) ?? []), operationOf(path, method, operation)])
    }
  }
  return groups
}

const section = ([name, parts]: [string, readonly string[]]): string =>
  `<h2 id="${escaped(name)}">${escaped(name)}</h2>${parts.join('')}`

/** A page to read, from an OpenAPI document. It needs nothing from anywhere else. */
export function docsPage(openapi: unknown): string {
  const { info, paths, components } = Document.parse(openapi)
  const groups = groupsOf(paths)
  groups.set('schemas', Object.entries(components.schemas).map(typeOf))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} API</title><link rel="icon" href="data:,"><style>${style}</style></head><body>
<h1>${escaped(info.title)} <small>${escaped(info.version)}</small></h1>
<p>${escaped(info.description)} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
<p>A field with ${code('?')} may be left out. Errors are a <a href="#type-Fault">Fault</a> beneath ${code('/v3')}, and an <a href="#type-Error">Error</a> elsewhere.</p>
<nav>${[...groups.keys()].map((name) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join(' ')}</nav>
${[...groups].map(section).join('\n')}
</body></html>
`
}
