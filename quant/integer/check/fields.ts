/** Small checks that combine: what a field of a program may hold. Each throws `FormatError`, saying where and what. */

import { FormatError } from '../../../engine/base/errors.ts'

/** Refuses a value that is not what it wants; `at` says where it stands, e.g. 'steps[3].low'. */
export type Check = (value: unknown, at: string) => void

/** A check for every field that a `T` may have: one that is forgotten does not compile. */
export type Fields<T> = { readonly [K in keyof Required<T>]: Check }

/** The member of a union whose field `F` may be `K`. */
type Member<T, F extends keyof T, K> = T extends T ? (K extends T[F] ? T : never) : never

/** The checks for every member of a union, by the value of the field `F` that tells them apart. */
export type Variants<T, F extends keyof T> = { readonly [K in T[F] & string]: Fields<Omit<Member<T, F, K>, F>> }

/** Throws `FormatError` for what was found at a place. Objects and lists are named by their kind only. */
export function refuse(at: string, wanted: string, found: unknown): never {
  const other = Array.isArray(found) ? `a list of ${found.length}` : isRecord(found) ? 'an object' : `${found}`
  const shown = typeof found === 'string' ? JSON.stringify(found.slice(0, 60)) : other
  throw new FormatError(`program: ${at} is ${shown}; wanted ${wanted}; the program is damaged`)
}

/** An integer of low ... high. */
export function integer(low: number, high: number): Check {
  return (value, at) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
      refuse(at, `an integer of ${low} ... ${high}`, value)
    }
  }
}

/** A finite number of low ... high. */
export function real(low: number, high: number): Check {
  return (value, at) => {
    if (!(typeof value === 'number' && value >= low && value <= high))
      refuse(at, `a number of ${low} ... ${high}`, value)
  }
}

/** The same, and an f32. */
export function single(low: number, high: number): Check {
  const check = real(low, high)
  return (value, at) => {
    check(value, at)
    if (Math.fround(value as number) !== value) refuse(at, 'a number that float32 holds', value)
  }
}

/** A string of at most 4096 characters. */
export const text: Check = (value, at) => {
  if (typeof value !== 'string' || value.length > 4096) refuse(at, 'a string of at most 4096 characters', value)
}

/** true or false. */
export const flag: Check = (value, at) => {
  if (typeof value !== 'boolean') refuse(at, 'true or false', value)
}

/** One of some strings or numbers. */
export function oneOf(...values: readonly (string | number)[]): Check {
  return (value, at) => {
    if (!values.includes(value as string)) refuse(at, values.map((v) => JSON.stringify(v)).join(' or '), value)
  }
}

/** A list of `least` ... `most` items. */
export function list(item: Check, least: number, most = least): Check {
  return (value, at) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      refuse(at, `a list of ${least === most ? least : `${least} to ${most}`} items`, value)
    }
    for (let i = 0; i < value.length; i++) item(value[i], `${at}[${i}]`)
  }
}

/** The same, or nothing. */
export function optional(check: Check): Check {
  return (value, at) => {
    if (value !== undefined) check(value, at)
  }
}

/** The same, or null. */
export function nullable(check: Check): Check {
  return (value, at) => {
    if (value !== null) check(value, at)
  }
}

/** Whether a value is an object and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object whose entries all pass a check, whatever their names. */
export function record(item: Check): Check {
  return (value, at) => {
    if (!isRecord(value)) refuse(at, 'an object', value)
    for (const [key, entry] of Object.entries(value)) item(entry, `${at}.${key.slice(0, 60)}`)
  }
}

/** An object with these fields and no others: an unknown one may change the meaning of the rest. */
export function object(fields: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    if (!isRecord(value)) refuse(at, 'an object', value)
    for (const key in value) {
      if (Object.hasOwn(fields, key)) continue
      const known = Object.keys(fields).join(', ')
      throw new FormatError(`program: ${at} has a field '${key.slice(0, 60)}'; known are ${known}; is the file newer?`)
    }
    for (const key in fields) fields[key](value[key], `${at}.${key}`)
  }
}

/** An object whose field `by` says which fields it has. */
export function variants(by: string, kinds: Readonly<Record<string, Readonly<Record<string, Check>>>>): Check {
  const objects = new Map(
    Object.entries(kinds).map(([kind, fields]) => [kind as unknown, object({ [by]: text, ...fields })]),
  )
  return (value, at) => {
    const check = isRecord(value) ? objects.get(value[by]) : undefined
    if (check === undefined) {
      refuse(`${at}.${by}`, [...objects.keys()].join(' or '), isRecord(value) ? value[by] : undefined)
    }
    check(value, at)
  }
}
