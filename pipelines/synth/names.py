"""Pools of invented names, places and firms by language or region. Data only.

Addresses use the reserved ``.example`` domain, so that no made-up e-mail can belong to anybody.
"""

from __future__ import annotations

GIVEN = {
    "de": {
        "female": (
            "Anna Lena Julia Sophie Katharina Sabine Petra Claudia Ursula Monika Heike Nicole Franziska Johanna "
            "Greta Marlene Birgit Svenja Jana Lisa Miriam Käthe Jördis Gisela Annika Hannah Emilia Clara Frieda "
            "Ronja"
        ),
        "male": (
            "Lukas Jonas Felix Maximilian Stefan Thomas Andreas Michael Jürgen Jörg Björn Matthias Tobias Florian "
            "Sebastian Philipp Moritz Karsten Uwe Dieter Günther Holger Torsten Niklas Paul Emil Anton Henrik "
            "Rüdiger Sören"
        ),
    },
    "es": {
        "female": (
            "María Carmen Lucía Paula Sofía Elena Marta Laura Cristina Isabel Pilar Rocío Inés Nuria Alba Beatriz "
            "Raquel Silvia Andrea Julia Noelia Montserrat Begoña Irene Claudia Teresa Amparo Lorena Ainhoa Verónica"
        ),
        "male": (
            "Antonio José Manuel Francisco David Javier Daniel Carlos Alejandro Miguel Rafael Pedro Pablo Sergio "
            "Jorge Alberto Álvaro Adrián Iván Rubén Óscar Ramón Andrés Raúl Enrique Hugo Íñigo Joaquín Martín "
            "Nicolás"
        ),
    },
    "en": {
        "female": (
            "Olivia Emily Sophie Charlotte Jessica Hannah Lucy Grace Rebecca Sarah Laura Emma Amy Chloe Katie Megan "
            "Alice Eleanor Holly Zoe Rachel Victoria Natalie Joanne Fiona Isla Freya Imogen Harriet Abigail"
        ),
        "male": (
            "James Oliver Jack Harry Thomas George William Daniel Matthew Andrew Joseph Samuel Benjamin Luke Adam "
            "Ryan Simon Stephen Peter Mark Paul Edward Charles Callum Liam Alfie Graham Nigel Rhys Owen"
        ),
    },
}
FAMILY = {
    "de": (
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
        "Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler "
        "Maier Huber Kaiser Fuchs Peters Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank "
        "Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin "
        "Schumacher Krämer Vogt Stein Jäger Otto Sommer"
    ),
    "es": (
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Jiménez Ruiz Hernández Díaz Moreno "
        "Álvarez Muñoz Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco "
        "Molina Morales Suárez Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido Cortés "
        "Castillo Santos Lozano Guerrero Cano Prieto Méndez Cruz Calvo Gallego Vidal León Márquez Herrera Peña "
        "Flores Cabrera Campos Vega Fuentes Carrasco Diez"
    ),
    "en": (
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts "
        "Green Hall Wood Jackson Clarke Patel Khan Lewis James Phillips Mason Mitchell Rose Davis Cooper Ward Turner "
        "Hughes Edwards Morris Hill Moore Clark Harrison Scott Young Morgan Baker King Parker Allen Bell Adams "
        "Carter Simpson Marshall Shaw Murphy Kelly Bennett Cook Collins Foster Gray Hunt Palmer Reid Webb Fletcher "
        "Barker"
    ),
}
CITIES = {
    "North": ("Hamburg", "Bremen", "Kiel", "Lübeck", "Hannover", "Rostock"),
    "South": ("Madrid", "Valencia", "Sevilla", "Zaragoza", "Málaga", "Córdoba"),
    "West": ("London", "Bristol", "Leeds", "Norwich", "Exeter", "York"),
    "East": ("Wien", "Graz", "Linz", "Salzburg", "Innsbruck"),
    "Alpine": ("Zürich", "Bern", "Luzern", "Basel", "Chur"),
}
STATES = {
    "Hamburg": "Hamburg",
    "Bremen": "Bremen",
    "Kiel": "Schleswig-Holstein",
    "Lübeck": "Schleswig-Holstein",
    "Hannover": "Niedersachsen",
    "Rostock": "Mecklenburg-Vorpommern",
    "Madrid": "Comunidad de Madrid",
    "Valencia": "Comunitat Valenciana",
    "Sevilla": "Andalucía",
    "Zaragoza": "Aragón",
    "Málaga": "Andalucía",
    "Córdoba": "Andalucía",
    "London": "Greater London",
    "Bristol": "Bristol",
    "Leeds": "West Yorkshire",
    "Norwich": "Norfolk",
    "Exeter": "Devon",
    "York": "North Yorkshire",
    "Wien": "Wien",
    "Graz": "Steiermark",
    "Linz": "Oberösterreich",
    "Salzburg": "Salzburg",
    "Innsbruck": "Tirol",
    "Zürich": "ZH",
    "Bern": "BE",
    "Luzern": "LU",
    "Basel": "BS",
    "Chur": "GR",
}
"""State, county or canton of each city, as the people of the country write it."""
ZIP_START = {"North": 20000, "South": 28000, "West": 0, "East": 1000, "Alpine": 3000}
STREETS = {
    "de": (
        "Hauptstraße",
        "Bahnhofstraße",
        "Gartenweg",
        "Lindenallee",
        "Schulstraße",
        "Mühlenweg",
        "Bergstraße",
        "Am Markt",
    ),
    "es": ("Calle Mayor", "Calle del Sol", "Avenida de la Paz", "Calle Nueva", "Plaza de España", "Calle Real"),
    "en": ("High Street", "Station Road", "Church Lane", "Victoria Road", "Mill Lane", "Park Avenue", "Queen Street"),
}
EMAIL_PROVIDERS = ("freemail.example", "postbox.example", "mymail.example", "webmail.example", "inbox.example")
COMPANY_FIRST = (
    "Nord",
    "Alster",
    "Sol",
    "Costa",
    "Thames",
    "Severn",
    "Donau",
    "Alpen",
    "Linden",
    "Kontor",
    "Aurora",
    "Vertex",
    "Terra",
    "Cobalt",
    "Juniper",
    "Harbour",
    "Prisma",
    "Quantum",
    "Oliva",
    "Merino",
)
COMPANY_SECOND = (
    "Hotels",
    "Architekten",
    "Offices",
    "Interiors",
    "Consulting",
    "Clinics",
    "Gastro",
    "Studios",
    "Logistics",
    "Schools",
)
INDUSTRIES = (
    "HOSPITALITY",
    "ARCHITECTURE_PLANNING",
    "REAL_ESTATE",
    "DESIGN",
    "MANAGEMENT_CONSULTING",
    "HOSPITAL_HEALTH_CARE",
    "RESTAURANTS",
    "MEDIA_PRODUCTION",
    "LOGISTICS_AND_SUPPLY_CHAIN",
    "EDUCATION_MANAGEMENT",
)
TECHNOLOGIES = ("Shopify", "Google Analytics", "HubSpot", "WordPress", "SAP", "Microsoft 365", "Salesforce", "Stripe")
JOB_TITLES = (
    "Office Manager",
    "Head of Procurement",
    "Interior Architect",
    "Managing Director",
    "Facility Manager",
    "Buyer",
    "Chief Financial Officer",
    "Hotel Manager",
)
INCOME_BANDS = ("under 20k", "20k-40k", "40k-60k", "60k-90k", "90k-130k", "over 130k")
EDUCATION = ("secondary", "vocational", "bachelor", "master", "doctorate")
OCCUPATIONS = (
    "employee",
    "self-employed",
    "civil servant",
    "student",
    "retired",
    "manager",
    "homemaker",
    "skilled manual",
)
