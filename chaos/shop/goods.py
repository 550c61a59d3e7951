"""What is on the shelves: the same two hundred products on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Checkouts of a demo never sell out.
INITIAL_STOCK = 1_000_000_000
SHELVES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "café": (
        ("Café torrado", "Café moído", "Café em grão", "Café descafeinado"),
        ("do Cerrado", "da Mogiana", "de São Tomé", "de Timor", "da casa"),
    ),
    "chá": (
        ("Chá verde", "Chá preto", "Infusão de limão", "Rooibos"),
        ("dos Açores", "a granel", "em saquetas", "com hortelã", "biológico"),
    ),
    "queijos": (
        ("Queijo curado", "Queijo fresco", "Queso manchego", "Requeijão"),
        ("de ovelha", "de cabra", "pequeno", "meia cura", "reserva"),
    ),
    "azeites": (
        ("Azeite virgem extra", "Aceite de oliva", "Azeitonas", "Vinagre de Jerez"),
        ("do Alentejo", "de Jaén", "da Beira", "primeira colheita", "500 ml"),
    ),
    "doces": (
        ("Doce de leite", "Turrón de Alicante", "Marmelada", "Mel"),
        ("tradicional", "com amêndoa", "sem açúcar", "da serra", "caixa de presente"),
    ),
    "conservas": (
        ("Sardinhas", "Atum", "Mejillones", "Bacalhau"),
        ("em azeite", "em escabeche", "picante", "com limão", "fumado"),
    ),
    "bread": (
        ("Sourdough loaf", "Broa de milho", "Pan de pueblo", "Rye bread"),
        ("small", "large", "sliced", "with seeds", "whole grain"),
    ),
    "kitchen": (
        ("Moka pot", "Copper pan", "Cafeteira", "Paellera"),
        ("two cups", "six cups", "24 cm", "32 cm", "edição limitada"),
    ),
    "table": (
        ("Plato hondo", "Azulejo", "Water glass", "Toalha de linho"),
        ("azul", "blanco", "verde", "hand painted", "set of six"),
    ),
    "books": (
        ("Cozinha portuguesa", "Cocina española", "Notes on bread", "O livro do café"),
        ("paperback", "hardcover", "segunda edición", "para crianças", "ilustrado"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product; its price is in cents."""

    id: int
    name: str
    category: str
    description: str
    price_cents: int


def products() -> Iterator[Product]:
    """Give every product, numbered from 1."""
    number = 0
    for category, (goods, kinds) in SHELVES.items():
        for good in goods:
            for kind in kinds:
                number += 1
                yield Product(
                    id=number,
                    name=f"{good} {kind}",
                    category=category,
                    description=f"{good}, {kind}. {category.capitalize()}, nº {number}.",
                    # Spread over 2.49 to 41.99 EUR in a way that looks like prices and is the same everywhere.
                    price_cents=249 + (number * 137) % 80 * 50,
                )
