import type { FieldViolation, Problem } from '../model/problem';
import { problemOf } from '../model/problem';
import { fieldViolations, wordProblem } from '../text/problems';
import { wordViolations } from '../text/violations';

type Check = (values: Readonly<Record<string, string>>) => readonly FieldViolation[];

/**
 * A form that is judged by the contract's rules while one types, and by the server in the end. Fields go by the contract's
 * names. The rules are loaded when the form opens; should they not come, the server alone judges.
 */
export class FormState {
  values = $state<Record<string, string>>({});
  isBusy = $state(false);
  /** What went wrong with the whole of it. */
  failure = $state<string | null>(null);
  #touched = $state<Record<string, boolean>>({});
  #check = $state.raw<Check | null>(null);
  #refused = $state.raw<{ readonly field: string; readonly value: string; readonly message: string }[]>([]);
  readonly #broken = $derived.by(() => (this.#check === null ? {} : wordViolations(this.#check(this.values), this.values)));

  constructor(fields: readonly string[], load: () => Promise<Check>) {
    this.values = Object.fromEntries(fields.map((field) => [field, '']));
    load().then(
      (check) => (this.#check = check),
      () => (this.#check = () => []),
    );
  }

  get isReady(): boolean {
    return this.#check !== null;
  }

  touch(field: string): void {
    this.#touched[field] = true;
    this.failure = null;
  }

  /** What is wrong with a field, said or not. */
  faultOf(field: string): string | null {
    const refused = this.#refused.find((other) => other.field === field && other.value === this.values[field]);
    return this.#broken[field] ?? refused?.message ?? null;
  }

  /** What is wrong with a field that the person has been at. */
  errorOf(field: string): string | null {
    return this.#touched[field] === true ? this.faultOf(field) : null;
  }

  isGood(field: string): boolean {
    return this.isReady && this.#touched[field] === true && this.values[field] !== '' && this.faultOf(field) === null;
  }

  get isWhole(): boolean {
    return this.isReady && Object.keys(this.values).every((field) => this.faultOf(field) === null);
  }

  /** Does the work; what the server refuses lands on its field. */
  async submit(work: () => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.failure = null;
    try {
      await work();
    } catch (error) {
      this.#refuse(problemOf(error));
    } finally {
      this.isBusy = false;
    }
  }

  #refuse(problem: Problem): void {
    const violations = fieldViolations(problem).filter(({ field }) => field in this.values);
    if (violations.length === 0) {
      this.failure = wordProblem(problem);
      return;
    }
    const messages = wordViolations(violations, this.values);
    this.#refused = Object.entries(messages).map(([field, message]) => ({ field, value: this.values[field] ?? '', message }));
    for (const { field } of violations) this.#touched[field] = true;
  }
}
