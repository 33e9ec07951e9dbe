import { expect, test } from 'vitest'
import { startFunctions } from '../support/functions.ts'

test('every wrong setting is named at the first call, and no value', async () => {
  await using functions = await startFunctions('driver', {
    SP_AUTH_TOKEN: '',
    SP_API_HTTP_PORT: 'seven-and-eighty',
    HOSTS: '{"h": {"clientId": 0}}',
    QUEUE_URL: 'http://127.0.0.1:9/none',
  })

  const { status, body } = await functions.post('get_volume_stats', {})

  expect(status).toBe(502)
  for (const name of ['SP_AUTH_TOKEN is missing', 'SP_API_HTTP_PORT', 'HOSTS.h.clientId']) {
    expect(body.error.message).toContain(name)
  }
  expect(body.error.message).not.toContain('seven-and-eighty')
})
