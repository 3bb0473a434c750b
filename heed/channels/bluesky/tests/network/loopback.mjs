// The servers of the development network listen on every interface. Here they listen on loopback only.
import net from 'node:net'

const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (...given) {
  const [first, ...others] = given
  if (typeof first === 'number' || /^\d+$/.test(first)) {
    const rest = typeof others[0] === 'string' ? others.slice(1) : others
    return listen.call(this, Number(first), '127.0.0.1', ...rest)
  }
  if (first && typeof first === 'object' && 'port' in first) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...others)
  }
  return listen.apply(this, given)
}
