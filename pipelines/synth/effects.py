"""Planted effects: every truth hidden in the demo company, with its size. Constants only; the simulation reads them.

Sizes (the end-to-end tests hold the analytics to these; nothing under ``pipelines/defs`` may import this module):

1.  Shipping reveal: a fee of at least 8 % of the cart, shown at the shipping step, multiplies the probability that a
    checkout which reached that step brings no order within a day, against the other checkouts of the need: 1.4 for
    people who need a low price, 1.0 for people who need convenience, 1.1 for everybody else. A smaller fee multiplies
    it by as much against none, so the more anybody is charged, the more leave (effect 9).
    Other obstacles multiply, in the same sense, the probability of no order among the carts that reached their step
    (of all carts: out of stock 1.25, slow pages 1.15, information not found 1.15; of checkouts: forced account 1.15,
    form errors 1.60, rejected coupon 1.15; with shipping options seen: delivery after more than five days 1.10, for
    convenience 1.35, returns policy read 1.15; at the payment: card declined 2.10). Who meets one may well order, and
    who meets none may leave (causes ``browsing`` and ``unknown``). Every exit is an independent draw.
2.  Regions: in North +12 percentage points of checkouts bring no order: the form there fails so much more often (three
    errors or more, cause ``confusing_checkout``), and nothing else is different; in South people contact support twice
    as often per order. No other region differs.
3.  Satisfaction index by division, 2026Q2 to 2026Q3: Home 70 to 74, Table 80 to 81; in Outdoor the lines stay (Garden
    82, Balcony 68) while the mix of answers turns from 70 % to 35 % Garden, so the division falls by 4.9 points by mix
    alone.
4.  One index point of satisfaction in a quarter makes the orders of the next quarter 1.5 % larger (amount, not number).
5.  Sofa buyers: corporate need price and quality, childless design, families service; 80 % have exactly their group's
    need; the groups take different paths (quote and agent order; item views and store; help pages and chat).
6.  8 % of customers webroom (online views 1-21 days before a store purchase of the same line, nothing bought online
    between), 5 % showroom (store scan 1-10 days before an online purchase); others coincide only by chance.
7.  Identity: typos in names and e-mails, four phone notations, a store tablet with 200 logins, e-mail and landline
    shared in households, the default phone 000000, the store's own phone typed by cashiers, CRM duplicates with and
    without merge history.
8.  Five dimensions with no effect on anything: weekday (beyond volume), browser, colour of the loyalty card, e-mail
    provider, till number.
9.  Free-shipping threshold (60 EUR, 55 GBP, 65 CHF): a cart at most a quarter of today's threshold below it is topped
    up with probability 0.30 (price) or 0.12 (others). The expected profit of six thresholds under the true model
    stands in the truth; it is highest at 60 EUR, and 0 and 150 EUR do harm.
10. Languages: texts are German in North, East and Alpine, Spanish in South, English in West, 4 % in another; the
    vendor's language column is wrong or empty in 12 %. German texts contain "war".
11. Non-customers value design 1.0 more (of 10) than customers; no other need differs. They rate their usual shop, at a
    level of its own.
12. A tool outage of an agent team lowers the share of good ratings by 20 percentage points in the week after.
13. Region Alpine has exactly nine answers in 2024Q4.
14. Events come late, twice and out of order: 0.4 % of web events are repeated in the same file and 0.2 % in a later
    one, 2 % of orders, 6 % of tickets and 5 % of contacts have a later version in a later file; rows are not sorted by
    time.
"""

from __future__ import annotations

SHIPPING_FEE_SHARE = 0.08
SHIPPING_RR = {"price": 1.4, "convenience": 1.0, "quality": 1.1, "design": 1.1, "service": 1.1}

SMALL_FEE_RR = SHIPPING_RR

OBSTACLES = {
    "out_of_stock": (0.04, 1.25),
    "slow_page": (0.12, 1.15),
    "information_gap": (0.06, 1.15),
    "forced_account": (0.35, 1.15),
    "form_error": (0.08, 1.60),
    "coupon_error": (0.06, 1.15),
    "late_delivery": (0.18, 1.10),
    "returns_policy": (0.06, 1.15),
    "payment_declined": (0.05, 2.10),
}
LATE_RR_CONVENIENCE = 1.35

NORTH_CHECKOUT_DROP = 0.12
SOUTH_CONTACT_RATIO = 2.0

INDEX_BEFORE = {"Sofas": 70.0, "Lighting": 70.0, "Kitchen": 80.0, "Textiles": 80.0, "Garden": 82.0, "Balcony": 68.0}
INDEX_AFTER = {**INDEX_BEFORE, "Sofas": 74.0, "Lighting": 74.0, "Kitchen": 81.0, "Textiles": 81.0}
INDEX_CHANGES_FROM = "2026Q3"
INDEX_SD = 15.0
GARDEN_SHARE_BEFORE = 0.70
GARDEN_SHARE_AFTER = 0.35

SPEND_PER_POINT = 0.015
SPEND_CENTRE = 75.0

SOFA_NEEDS = {"corporate": ("price", "quality"), "childless": ("design",), "family": ("service",)}
SOFA_NEED_SHARE = 0.90

WEBROOMER_SHARE = 0.08
SHOWROOMER_SHARE = 0.05

KIOSK_LOGINS = 200
DEFAULT_PHONE = "000000"

NULL_DIMENSIONS = ("weekday", "browser", "card_colour", "email_provider", "till_no")

FREE_SHIPPING = {"EUR": 60.0, "GBP": 55.0, "CHF": 65.0}
TOP_UP_WITHIN = 0.25
TOP_UP = {"price": 0.30, "convenience": 0.12, "quality": 0.12, "design": 0.12, "service": 0.12}
THRESHOLD_CANDIDATES = (0.0, 30.0, 45.0, 60.0, 90.0, 150.0)

FOREIGN_LANGUAGE = 0.04
WRONG_LANGUAGE_TAG = 0.12

NON_CUSTOMER_DESIGN = 1.0

OUTAGE_RATING_DROP = 0.20

SMALL_CELL = {"region": "Alpine", "quarter": "2024Q4", "n": 9}

REPEATED_SAME_FILE = 0.004
REPEATED_LATER_FILE = 0.002
LATE_ORDERS = 0.02
LATE_TICKETS = 0.06
LATE_CONTACTS = 0.05
