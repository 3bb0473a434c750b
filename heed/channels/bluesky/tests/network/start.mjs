// Starts a whole Bluesky network on the ports of NETWORK_PORTS and says "ready" with its addresses.
// It ends on SIGTERM, and when whoever started it is gone.
import dns from 'node:dns'
import http from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

dns.setDefaultResultOrder('ipv4first')

// This file lies outside the folder where the packages are: import from there.
const require = createRequire(pathToFileURL(`${process.env.NETWORK_PACKAGES}/start.mjs`))

// The search for people by likeness wants an extension that our PostgreSQL does not have. Nobody is
// searched for here: leave out the extension and its three indexes.
const { Client } = require('pg')
const query = Client.prototype.query
Client.prototype.query = function (asked, ...rest) {
  const text = typeof asked === 'string' ? asked : asked?.text
  if (!/extension if not exists pg_trgm|gist_trgm_ops/.test(text ?? '')) return query.call(this, asked, ...rest)
  if (typeof asked === 'string') return query.call(this, 'select 1', ...rest)
  asked.text = 'select 1'
  return query.call(this, asked, ...rest)
}

const entry = require.resolve('@atproto/dev-env')
const { TestNetwork, mockMailer } = await import(pathToFileURL(entry))

const ports = JSON.parse(process.env.NETWORK_PORTS)
const network = await TestNetwork.create({
  pds: {
    port: ports.pds,
    hostname: 'localhost',
    enableDidDocWithSession: true,
    rateLimitsEnabled: process.env.NETWORK_RATE_LIMITS === '1',
  },
  bsky: { dbPostgresSchema: 'bsky', port: ports.bsky, publicUrl: `http://localhost:${ports.bsky}` },
  plc: { port: ports.plc },
  ozone: { port: ports.ozone },
})
mockMailer(network.pds)

// `GET /` answers when everything written so far can be seen.
const control = http.createServer(async (_, answer) => {
  try {
    await network.processAll()
    answer.end('settled')
  } catch (error) {
    answer.writeHead(500).end(String(error))
  }
})
control.listen(ports.control)

async function end() {
  setTimeout(() => process.exit(1), 8000).unref()
  await network.close()
  process.exit(0)
}

process.on('SIGTERM', end)
process.stdin.on('end', end).on('close', end).resume()
console.log(JSON.stringify({ ready: true, pds: network.pds.url }))
