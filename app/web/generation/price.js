/**
 * The credits of a template times the factors of its choices, rounded up. As in the service, it is
 * calculated with decimal numbers: in binary, 10 * 1.1 is more than 11.
 */
export function priceOf({ credits, factors = {} }, variables = {}) {
  let units = BigInt(credits);
  let scale = 0; // the price is units / 10 ** scale
  for (const [name, byChoice] of Object.entries(factors)) {
    const factor = decimal(factorOf(byChoice, variables, name));
    units *= factor.units;
    scale += factor.scale;
  }
  if (scale <= 0) return Number(units * 10n ** BigInt(-scale));
  const one = 10n ** BigInt(scale);
  return Number((units + one - 1n) / one);
}

function factorOf(byChoice, variables, name) {
  const value = Object.hasOwn(variables, name) ? (variables[name] ?? null) : null;
  const isNamed = value !== null && Object.hasOwn(byChoice, String(value));
  return isNamed ? byChoice[String(value)] : 1;
}

/** The number that `units / 10 ** scale` is, from its shortest decimal form. */
function decimal(number) {
  const [digits, exponent = "0"] = String(number).split("e");
  const [whole, fraction = ""] = digits.split(".");
  return { units: BigInt(whole + fraction), scale: fraction.length - Number(exponent) };
}
