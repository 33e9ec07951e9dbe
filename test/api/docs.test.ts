import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { docsPage } from '../../lib/docs/page.ts'

const document = JSON.parse(await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8'))
const page = docsPage(document)
const all = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, found = '']) => found)

test('every call is on the page, and every type of an answer', () => {
  const calls = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method}-${path}`),
  )
  const types = Object.keys(document.components.schemas).map((name) => `type-${name}`)
  const ids = all(/<(?:details|div) id="([^"]+)"/g)
  expect(ids.sort()).toEqual([...calls, ...types].sort())
})

test('what links lead to is on the page, and nothing is fetched for it', () => {
  const ids = new Set(all(/ id="([^"]+)"/g))
  const links = new Set(all(/ href="([^"]+)"/g))
  expect([...links].filter((link) => !link.startsWith('#')).sort()).toEqual(['/openapi.json', 'data:,'])
  const lost = [...links].filter(
    (link) => link.startsWith('#') && !ids.has(decodeURIComponent(link.slice(1))),
  )
  expect(lost).toEqual([])
  expect(page).not.toMatch(/ src=|@import|url\(|<script/)
})

test('text of a description is shown, and is no markup', () => {
  const shown = docsPage({
    info: { title: '<b>', version: '1', description: '' },
    paths: {
      '/one': {
        get: {
          summary: '<script>',
          responses: {
            200: {
              content: {
                'application/json': {
                  schema: {
                    type: 'object',
                    required: ['<i>'],
                    properties: {
                      '<i>': { type: ['string', 'null'], maxLength: 3, description: '"<u>"' },
                      more: { type: 'array', items: { $ref: '#/components/schemas/One' } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    components: { schemas: { One: { enum: ['<s>'] } } },
  })
  expect(shown).not.toMatch(/<script>|<u>|<s>|<title><b>/)
  expect(shown).toContain(
    '<code>&lt;i&gt;</code> <i>string or null</i> <em>&quot;&lt;u&gt;&quot;; at most 3</em>',
  )
  expect(shown).toContain('<code>more</code>? <i>list of <a href="#type-One">One</a></i>')
})
