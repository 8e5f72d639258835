import { z } from 'zod';

/* CloudFormation's functions, as far as our templates use them; every other one is an error. */

/** What the resources of a stack are called once it is deployed. */
export interface Names {
  pseudo: Record<string, string>;
  /** @throws for a resource that is not known */
  ref(logicalId: string): string;
  getAtt(logicalId: string, attribute: string): string;
}

const strings = z.array(z.unknown());

/** A value of a template with all of its functions evaluated. What is AWS::NoValue is left out. */
export function resolve(value: unknown, names: Names): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, names)).filter((each) => each !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
  if (name === 'Ref' || name.startsWith('Fn::')) {
    if (others.length > 0) throw new Error(`Not understood: ${JSON.stringify(value)}`);
    return evaluate(name, argument, names);
  }
  const fields = Object.entries(value).map(([key, each]): [string, unknown] => [key, resolve(each, names)]);
  return Object.fromEntries(fields.filter(([, each]) => each !== undefined));
}

function evaluate(name: string, argument: unknown, names: Names): unknown {
  const list = () => strings.parse(argument);
  switch (name) {
    case 'Ref':
      return argument === 'AWS::NoValue' ? undefined : refer(z.string().parse(argument), names);
    case 'Fn::GetAtt': {
      const [logicalId, attribute] = z.tuple([z.string(), z.string()]).parse(argument);
      return names.getAtt(logicalId, attribute);
    }
    case 'Fn::Join': {
      const [separator, parts] = z.tuple([z.string(), strings]).parse(argument);
      return texts(parts, names).join(separator);
    }
    case 'Fn::Split': {
      const [separator, text] = z.tuple([z.string(), z.unknown()]).parse(argument);
      return z.string().parse(resolve(text, names)).split(separator);
    }
    case 'Fn::Select': {
      const [index, parts] = list();
      return texts(resolve(parts, names), names)[z.coerce.number().parse(index)];
    }
    case 'Fn::Sub':
      return substitute(z.string().parse(argument), names);
    default:
      throw new Error(`Not understood: ${name} in the template`);
  }
}

function refer(logicalId: string, { pseudo, ref }: Names): string {
  return pseudo[logicalId] ?? ref(logicalId);
}

function substitute(text: string, names: Names): string {
  return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    const [logicalId = '', attribute] = name.split('.', 2);
    return attribute === undefined ? refer(logicalId, names) : names.getAtt(logicalId, attribute);
  });
}

function texts(parts: unknown, names: Names): string[] {
  return z.array(z.union([z.string(), z.number()]).transform(String)).parse(resolve(parts, names));
}
