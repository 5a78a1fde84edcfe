"""Pages of the shop's site: the address each web event happened on, and where a session lands.

Belongs here: addresses and the mix of landing pages. Stays out: what happens on a page (browsing.py, web.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.base import LINES, Array, choose_rows
from pipelines.synth.browsing import KINDS
from pipelines.synth.simulation import Simulation

SITE = "https://www.haldenmoor.example"
LANDINGS = ("home", "collection", "product", "help", "sale")
LANDING_MIX = {
    "(none)": (0.60, 0.14, 0.16, 0.06, 0.04),
    "organic": (0.24, 0.34, 0.32, 0.08, 0.02),
    "cpc": (0.06, 0.42, 0.34, 0.00, 0.18),
    "social": (0.14, 0.32, 0.44, 0.00, 0.10),
    "referral": (0.18, 0.32, 0.46, 0.04, 0.00),
}
"""Share of each kind of page among the landings from a medium; a link in a message leads to the page of its offer."""
OFFER_PAGES = {
    "none": "/",
    "discount": "/pages/sale",
    "free_shipping": "/pages/free-delivery",
    "news": "/pages/new-in",
    "winback": "/pages/welcome-back",
}
_FIXED = {
    "view_search_results": "/search",
    "view_cart": "/cart",
    "add_to_cart": "/cart",
    "remove_from_cart": "/cart",
    "out_of_stock": "/cart",
    "begin_checkout": "/checkout/contact",
    "form_error": "/checkout/contact",
    "coupon_error": "/checkout/contact",
    "add_shipping_info": "/checkout/shipping",
    "add_payment_info": "/checkout/payment",
    "payment_declined": "/checkout/payment",
    "purchase": "/checkout/thank-you",
    "faq_view": "/pages/faq",
    "returns_policy_view": "/pages/returns",
    "login": "/account/login",
    "sign_up": "/account/register",
    "generate_lead": "/pages/business",
    "view_promotion": "/pages/sale",
}
_TYPES = {"/": "home", "/search": "search", "/cart": "cart", "/pages/faq": "help", "/pages/returns": "help"}
PAGE_TYPES = ("home", "product", "collection", "search", "cart", "checkout", "help", "campaign", "account")


def campaign_url() -> pl.Expr:
    """Link of a message: the page of its offer with the campaign's parameters; columns offer, channel, name."""
    page = pl.col("offer").replace_strict(OFFER_PAGES)
    return pl.format("{}{}?utm_source=klaviyo&utm_medium={}&utm_campaign={}", pl.lit(SITE), page, "channel", "name")


class Pages:
    """All addresses that occur, as one pool of texts and numbers into it."""

    def __init__(self, sim: Simulation, rng: np.random.Generator) -> None:
        fixed = list(dict.fromkeys(["/", *_FIXED.values()]))
        campaigns = sim.world.campaigns
        self.pool = [SITE + path for path in fixed]
        self._types = [_type(path) for path in fixed]
        self._of_event = {name: fixed.index(path) for name, path in _FIXED.items()}
        self._collections = self._put([f"{SITE}/collections/{line.lower()}" for line in LINES], "collection")
        self._products = self._put([f"{SITE}/products/{handle}" for handle in sim.world.products["handle"]], "product")
        self._campaigns = self._put(campaigns.select(campaign_url().alias("url"))["url"].to_list(), "campaign")
        self.type_no = np.array([PAGE_TYPES.index(kind) for kind in self._types])
        self.landing = self._landings(sim, rng, fixed)

    def _put(self, addresses: list[str], kind: str) -> int:
        self.pool += addresses
        self._types += [kind] * len(addresses)
        return len(self.pool) - len(addresses)

    def _landings(self, sim: Simulation, rng: np.random.Generator, fixed: list[str]) -> Array:
        """Address number per session: by medium; a product is the first one viewed, or else its collection."""
        session, events = sim.sessions.sessions, sim.web.events
        line, campaign = session["line_no"].to_numpy(), session["campaign_no"].to_numpy()
        mix = np.array(list(LANDING_MIX.values()))
        # replaced before the look-up: the media of messages are not in the mix
        medium = session["medium"].replace_strict({name: i for i, name in enumerate(LANDING_MIX)}, default=0)
        kind = choose_rows(rng, mix[medium.to_numpy()])
        viewed = events.filter(pl.col("name") == "view_item").unique("s", keep="first", maintain_order=True)
        sku = np.full(len(session), -1, dtype=np.int64)
        sku[viewed["s"].to_numpy()] = viewed["sku_no"].to_numpy()
        collection = self._collections + line
        at = np.select(
            [kind == LANDINGS.index(name) for name in ("home", "help", "sale")],
            [fixed.index(path) for path in ("/", "/pages/faq", "/pages/sale")],
            np.where((kind == LANDINGS.index("product")) & (sku >= 0), self._products + sku, collection),
        )
        at = np.where(session["kind"].to_numpy() == KINDS.index("recovery"), fixed.index("/cart"), at)
        return np.where(campaign >= 0, self._campaigns + campaign, at)

    def of_events(self, events: pl.DataFrame, session: pl.DataFrame) -> Array:
        """Address number of each event; the first page of a session is where it landed."""
        name, sku = events["name"], events["sku_no"].to_numpy()
        codes = name.replace_strict(self._of_event, default=0, return_dtype=pl.Int64).to_numpy()
        codes = np.where(
            (name == "view_item_list").to_numpy(), self._collections + session["line_no"].to_numpy(), codes
        )
        seen = (sku >= 0) & name.is_in(["view_item", "add_to_wishlist"]).to_numpy()
        codes = np.where(seen, self._products + np.maximum(sku, 0), codes)
        opening = 2 + (session["session_number"] == 1).to_numpy()
        first = name.is_in(["session_start", "first_visit"]).to_numpy() | (
            (name == "page_view").to_numpy() & (events["place"].to_numpy() == opening)
        )
        return np.where(first, self.landing[events["s"].to_numpy()], codes)


def _type(path: str) -> str:
    if path in _TYPES:
        return _TYPES[path]
    for start, kind in (("/checkout", "checkout"), ("/account", "account")):
        if path.startswith(start):
            return kind
    return "campaign"
