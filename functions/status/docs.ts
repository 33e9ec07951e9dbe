import openapi from '../../docs/openapi.json' with { type: 'json' }
import { docsPage } from '../../lib/docs/page.ts'
import { page } from '../../lib/lambda/page.ts'
import { once } from '../../lib/once.ts'

const json = once(() => JSON.stringify(openapi))
const html = once(() => docsPage(openapi))

export const handler = page({
  '/openapi.json': () => ({ type: 'application/json', text: json() }),
  '/docs': () => ({ type: 'text/html; charset=utf-8', text: html() }),
})
