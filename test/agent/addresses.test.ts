import { expect, test } from 'vitest'
import { addressChecker, specialAddress } from '../../agent/addresses.ts'

const denied: Record<string, string[]> = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'link-local': ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1'],
  private: [
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    'fc00::1',
    'fdff::1',
    'fec0::1',
  ],
  "a carrier's": ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'this host': ['0.0.0.0', '0.1.2.3', '::'],
  'an IPv4 address in the form of IPv6': [
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '::8.8.8.8',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001:0:1::1',
  ],
  'for documentation': ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  'for tests': ['198.18.0.1', '198.19.255.255'],
  reserved: ['192.0.0.1', '240.0.0.1', '255.255.255.255', '100::1', '4000::1', '2001:1ff::1'],
  'no address': ['localhost', '1.2.3', '0x7f.1', ''],
}

test.each(Object.entries(denied).flatMap(([kind, addresses]) => addresses.map((address) => [address, kind])))(
  '%s is not reached: %s',
  (address, kind) => {
    expect(specialAddress(address)).toBe(kind)
  },
)

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.0.1',
  '172.32.0.1',
  '169.253.0.1',
  '193.0.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00::1',
])('%s is reached', (address) => {
  expect(specialAddress(address)).toBeUndefined()
})

const at = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

test('every address of a name is checked, not the first one alone', async () => {
  const check = addressChecker([], async () => at('8.8.8.8', '2606:4700::1111', '10.0.0.1'))

  await expect(check('images.example')).rejects.toMatchObject({
    code: 'source_refused',
    message: expect.stringContaining('images.example leads to 10.0.0.1, which is private'),
  })
})

test('what the operator allows is reached, and nothing beside it', async () => {
  const allow = ['10.1.0.0/16', 'fd00:1::/32']
  const check = (address: string) => addressChecker(allow, async () => at(address))('images.example')

  await expect(check('10.1.2.3')).resolves.toEqual(at('10.1.2.3'))
  await expect(check('fd00:1::5')).resolves.toEqual(at('fd00:1::5'))
  for (const address of ['10.2.0.1', 'fd00:2::1', '::ffff:10.1.2.3', '127.0.0.1']) {
    await expect(check(address)).rejects.toMatchObject({ code: 'source_refused' })
  }
})

test('an address in the place of a name is checked too, without asking anybody', async () => {
  const check = addressChecker([], () => Promise.reject(new Error('asked')))

  await expect(check('169.254.169.254')).rejects.toMatchObject({ code: 'source_refused' })
  await expect(check('8.8.8.8')).resolves.toEqual(at('8.8.8.8'))
})

test('a name is resolved once, whatever it would mean a moment later', async () => {
  let asked = 0
  const check = addressChecker([], async () => {
    asked += 1
    return at(asked === 1 ? '8.8.8.8' : '127.0.0.1')
  })

  const answers = await Promise.all([check('images.example'), check('images.example')])
  answers.push(await check('images.example'))

  expect(answers).toEqual([at('8.8.8.8'), at('8.8.8.8'), at('8.8.8.8')])
  expect(asked).toBe(1)
})

test('a name that could not be resolved is asked for again', async () => {
  let asked = 0
  const check = addressChecker([], async () => {
    asked += 1
    if (asked === 1) throw new Error('try again')
    return at('8.8.8.8')
  })

  await expect(check('images.example')).rejects.toThrow('try again')
  await expect(check('images.example')).resolves.toEqual(at('8.8.8.8'))
})
