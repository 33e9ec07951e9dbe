import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Functions, startFunctions } from '../support/functions.ts'
import { aVolume, copyId, nameOf, snapshotId, volumeId } from '../support/makers.ts'

let functions: Functions

beforeAll(async () => {
  functions = await startFunctions('driver', { QUEUE_URL: 'http://127.0.0.1:9/none' })
})
afterAll(() => functions[Symbol.asyncDispose]())

const volume = aVolume()
const known = { volume: { id: volumeId } }

describe('a volume’s life, by HTTP and by direct invocation', () => {
  test('both ways give the same answers', async () => {
    const byHttp = await functions.post('create_volume', { volume })
    expect(byHttp).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-request-id': 'request-of-create_volume' },
    })
    expect(await functions.invoke('create_volume', { volume })).toEqual(byHttp.body)

    const snapshot = { id: snapshotId, volume_id: volumeId }
    expect((await functions.post('create_snapshot', { snapshot })).status).toBe(200)
    const copy = { volume: { id: copyId, size: 1 }, snapshot }
    expect((await functions.post('create_volume_from_snapshot', copy)).status).toBe(200)
    const connection = await functions.post('initialize_connection', {
      ...known,
      connector: { host: 'host-1' },
    })
    expect(connection.body).toMatchObject({ driver_volume_type: 'storpool', data: { client_id: 1 } })
    expect((await functions.post('get_pool', known)).body).toEqual({ pool: 'default' })
    expect(await functions.post('delete_volume', known)).toMatchObject({
      status: 409,
      body: {
        error: { name: 'VolumeIsBusy', requestId: 'request-of-delete_volume', details: { holders: [{}] } },
      },
    })
    expect((await functions.post('terminate_connection', { ...known, connector: null })).body).toEqual({})
    expect((await functions.post('delete_volume', known)).body).toEqual({})
    expect((await functions.post('delete_snapshot', { snapshot: { id: snapshotId } })).status).toBe(200)
    expect((await functions.post('delete_volume', { volume: { id: copyId } })).status).toBe(200)
    expect(functions.cluster.simulator.volumes.size).toBe(0)
  })

  test('statistics are per template, and say which templates share disks', async () => {
    const { status, body } = await functions.post('get_volume_stats', {})

    expect(status).toBe(200)
    expect(body.pools.map((pool: { pool_name: string }) => pool.pool_name)).toEqual(
      expect.arrayContaining(['default', 'template_hybrid', 'template_ssd', 'template_hdd']),
    )
    const ssd = body.pools.find((pool: { pool_name: string }) => pool.pool_name === 'template_ssd')
    expect(ssd).toMatchObject({
      disk_group: expect.stringContaining('ssd'),
      free_capacity_gb: expect.any(Number),
      total_capacity_gb: expect.any(Number),
    })
  })

  test('the set-up is checked by asking the cluster', async () => {
    expect(await functions.post('check_for_setup_error', {})).toMatchObject({ status: 200, body: {} })
  })

  test('a direct invocation fails with the error’s name, for a workflow to decide on', async () => {
    await expect(functions.invoke('get_pool', { volume: { id: 'nowhere' } })).rejects.toMatchObject({
      name: 'VolumeNotFound',
    })
  })
})

describe('bad input is a clear 4xx and changes nothing', () => {
  const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`
  const cases: [string, string, unknown, number, string][] = [
    ['an unknown field', 'create_volume', { volume, colour: 'red' }, 400, 'colour: unknown field'],
    [
      'an unknown field inside',
      'create_volume',
      { volume: { ...volume, colour: 1 } },
      400,
      'volume.colour: unknown field',
    ],
    ['a size of 0', 'create_volume', { volume: { ...volume, size: 0 } }, 400, 'volume.size'],
    ['a size of 2^60', 'create_volume', { volume: { ...volume, size: 2 ** 60 } }, 400, 'volume.size'],
    ['a size in words', 'create_volume', { volume: { ...volume, size: '1' } }, 400, 'volume.size'],
    ['an id with a slash', 'create_volume', { volume: { ...volume, id: 'a/b' } }, 400, 'volume.id'],
    ['an id with a percent sign', 'delete_volume', { volume: { id: 'a%2fb' } }, 400, 'volume.id'],
    [
      'a foreign global id',
      'delete_volume',
      { volume: { id: 'a', provider_location: '../x' } },
      400,
      'provider_location',
    ],
    ['no volume', 'create_volume', {}, 400, 'volume'],
    ['a list', 'create_volume', [], 400, 'input'],
    ['deep nesting', 'create_volume', deep, 400, 'nested'],
    ['no JSON', 'create_volume', '{"volume":', 400, 'not JSON'],
    ['10 MB', 'create_volume', JSON.stringify({ volume, x: 'x'.repeat(10_000_000) }), 413, 'larger'],
    [
      'a template with a dot',
      'create_volume',
      { volume: { ...volume, volume_type: { extra_specs: { storpool_template: 'a.b' } } } },
      400,
      'storpool_template',
    ],
    ['an unknown host', 'initialize_connection', { ...known, connector: { host: 'mars' } }, 400, 'mars'],
  ]

  test.each(cases)('%s', async (_, method, body, status, words) => {
    const before = functions.cluster.simulator.state()

    const answer = await functions.post(method, body)

    expect(answer.status).toBe(status)
    expect(answer.body.error.message).toContain(words)
    expect(answer.body.error.requestId).toBe(`request-of-${method}`)
    expect(functions.cluster.simulator.state()).toEqual(before)
  })

  test('another content type', async () => {
    expect(await functions.post('create_volume', { volume }, { 'content-type': 'text/plain' })).toMatchObject(
      {
        status: 415,
        body: {
          error: { name: 'UnsupportedMediaType', remedy: expect.stringContaining('application/json') },
        },
      },
    )
  })

  test('a base64 body is a body', async () => {
    const { anHttpEvent, aContext } = await import('../support/makers.ts')
    const { handler } = await import('../../functions/driver/delete-volume.ts')
    const event = {
      ...anHttpEvent('POST', '/driver/delete_volume', {
        body: Buffer.from(JSON.stringify({ volume: { id: 'gone' } })).toString('base64'),
      }),
      isBase64Encoded: true,
    }

    expect(await handler(event, aContext('delete-volume'))).toMatchObject({ statusCode: 200, body: '{}' })
  })
})

describe('what StorPool does badly is told plainly', () => {
  const failing: [string, Parameters<Functions['cluster']['simulator']['fault']>[0], number, string][] = [
    ['HTML', { match: 'VolumeTemplatesStatus', kind: 'html', times: 9 }, 503, 'BackendUnavailable'],
    [
      'an empty object',
      { match: 'VolumeTemplatesStatus', kind: 'empty', times: 9 },
      503,
      'BackendUnavailable',
    ],
    [
      'no room',
      { match: 'VolumeTemplatesStatus', kind: 'error', name: 'insufficientResources', times: 9 },
      507,
      'InsufficientCapacity',
    ],
  ]

  test.each(failing)('%s', async (_, fault, status, name) => {
    functions.cluster.simulator.fault(fault)

    const answer = await functions.post('get_volume_stats', {})

    functions.cluster.simulator.reset()
    expect(answer).toMatchObject({ status, body: { error: { name } } })
    expect(JSON.stringify(answer)).not.toContain(functions.cluster.simulator.token)
  })

  test('an answer that comes too late leaves the outcome unknown, before the function is ended', async () => {
    functions.cluster.simulator.fault({ match: 'VolumeCreate', kind: 'hang', delayMs: 3_000, times: 1 })
    functions.cluster.simulator.fault({ match: 'Volume', kind: 'hang', delayMs: 3_000, times: 1 })

    const late = functions.invoke('create_volume', { volume: { id: 'late', size: 1 } }, 2_000)

    await expect(late).rejects.toMatchObject({ name: 'OutcomeUnknown' })
    functions.cluster.simulator.reset()
    await functions.invoke('create_volume', { volume: { id: 'late', size: 1 } })
    expect(functions.cluster.simulator.volumes.has(nameOf('late'))).toBe(true)
    await functions.invoke('delete_volume', { volume: { id: 'late' } })
  })
})
