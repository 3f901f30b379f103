import type { WholeFloat } from './python/numbers.js';

/** An expression of Jinja; lines count from 1. */
export type Expression = { readonly line: number } & (
  | { readonly kind: 'literal'; readonly value: string | number | WholeFloat | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly target: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly target: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice';
      readonly target: Expression;
      readonly bounds: readonly (Expression | undefined)[];
    }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments }
  | {
      readonly kind: 'filter' | 'test';
      readonly name: string;
      readonly operand: Expression;
      readonly args: Arguments;
    }
  | { readonly kind: 'not' | 'negative' | 'positive'; readonly operand: Expression }
  | {
      readonly kind: 'and' | 'or';
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'comparison';
      readonly first: Expression;
      readonly rest: readonly {
        readonly operator: ComparisonOperator;
        readonly operand: Expression;
      }[];
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly body: Expression;
      readonly otherwise: Expression | undefined;
    }
);

export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'in' | 'not in';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '~';

/** Arguments of a call, with `*list` and `**dict` spread into them. */
export interface Arguments {
  readonly positional: readonly { readonly value: Expression; readonly spread: boolean }[];
  readonly keywords: readonly { readonly name: string | undefined; readonly value: Expression }[];
}

/** A parameter of a macro. */
export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** A macro, or the body of a `{% call %}`. */
export interface MacroDefinition {
  readonly name: string;
  readonly line: number;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Names that its body mentions, to know whether it takes varargs and kwargs. */
  readonly mentions: ReadonlySet<string>;
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output' | 'do'; readonly line: number; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly line: number;
      readonly names: readonly string[];
      readonly list: Expression;
      readonly condition: Expression | undefined;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: 'break' | 'continue' }
  | {
      readonly kind: 'with';
      readonly line: number;
      readonly variables: readonly { readonly name: string; readonly value: Expression }[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'set';
      readonly line: number;
      readonly targets: readonly SetTarget[];
      readonly value: Expression;
    }
  | {
      readonly kind: 'capture';
      readonly line: number;
      readonly target: SetTarget;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'macro';
      readonly macro: MacroDefinition;
      /** From its first tag to its last. */
      readonly text: string;
    }
  | {
      readonly kind: 'call-block';
      readonly line: number;
      readonly call: Extract<Expression, { kind: 'call' }>;
      readonly caller: MacroDefinition;
    }
  | {
      readonly kind: 'filter-block';
      readonly line: number;
      readonly filters: readonly { readonly name: string; readonly args: Arguments }[];
      readonly body: readonly Statement[];
    };

/** A name, or with a member one of a namespace(). */
export interface SetTarget {
  readonly name: string;
  readonly member: string | undefined;
}
